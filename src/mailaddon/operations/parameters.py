"""The parameters that commands share, in the guide's spelling, and the sets of arguments and errors that recur."""

from .model import (
    ADDRESS,
    ADDRESS_OR_NONE,
    DOMAIN,
    FILTER_ADDRESS,
    FILTER_TYPE,
    FLAG,
    LIMIT,
    LOCAL_PART,
    MESSAGE,
    NAME,
    PASSWORD,
    PASSWORD_OR_NONE,
    PATH,
    SUBJECT,
    USER,
    Parameter,
)

P = Parameter

THE_DOMAIN = P("DomainName", "domain", DOMAIN, "Name of the mail domain.", option="domain-name", key=True)
THE_USER = P("UserName", "user", USER, "Name of the mail domain user.", option="user-name", key=True)
THE_DIRECTORY = P(
    "MailBoxDirectory",
    "mailbox_directory",
    PATH,
    "Folder in which the mail of this domain is stored.",
    option="mailbox-directory",
)
THE_LIMIT = P(
    "MaxMailBoxes", "max_mailboxes", LIMIT, "Most mailboxes that the domain may have.", option="max-mailboxes"
)
THE_OWNER = P("MailDomainOwner", "owner", USER, "Owner of the domain, its first user.", option="mail-domain-owner")
THE_OWNER_PASSWORD = P(
    "MailDomainOwnerPassword", "owner_password", PASSWORD, "The owner's password.", option="mail-domain-owner-password"
)
_SITE_NOTE = "1 for an IP-based site, 0 for a name-based one."
THE_IPSITE = P("ipsite", "ip_based", FLAG, _SITE_NOTE, option="ipsite")
THE_SITE_TYPE = P("SiteType", "ip_based", FLAG, _SITE_NOTE, option="site-type", optional=True)
FEATURES = (
    P("EnableMailingLists", "mailing_lists", FLAG, "Mailing lists.", option="enable-mailing-lists"),
    P("EnableDomainAliases", "domain_aliases", FLAG, "Domain aliases.", option="enable-domain-aliases"),
    # the guide spells it like this
    P("EnableDistributonLists", "distribution_lists", FLAG, "Distribution lists.", option="enable-distribution-lists"),
    P("EnableSpamFilters", "spam_filters", FLAG, "Spam filters.", option="enable-spam-filters"),
    P("EnableUserAliases", "user_aliases", FLAG, "User aliases.", option="enable-user-aliases"),
    P("EnableForwards", "forwards", FLAG, "Forwards.", option="enable-forwards"),
    P("EnableAutoResponders", "autoresponders", FLAG, "Autoresponders.", option="enable-autoresponders"),
    P("EnableWebAccess", "web_access", FLAG, "Web access.", option="enable-web-access"),
)
USER_FEATURES = (
    P("UserEnableForwards", "forwards", FLAG, "Forwards of the user.", option="user-enable-forwards"),
    P("UserEnableAutoResponders", "autoresponders", FLAG, "Autoresponders.", option="user-enable-autoresponders"),
    P("UserEnableWebAccess", "web_access", FLAG, "Web access of the user.", option="user-enable-web-access"),
)
PERSON_NAMES = (
    P("FirstName", "first_name", NAME, "First name of the user.", option="first-name"),
    P("MiddleName", "middle_name", NAME, "Middle name of the user.", option="middle-name"),
    P("LastName", "last_name", NAME, "Last name of the user.", option="last-name"),
)
THE_PASSWORD = P("Password", "password", PASSWORD, "The user's password.", option="password")
THE_NEW_PASSWORD = P("Password", "password", PASSWORD_OR_NONE, "The user's password.", option="password")
THE_LOCATION = P(
    "ExportImportDataLocation", "location", PATH, "Folder that holds the exported data.", option="data-location"
)
THE_ALIAS = P("DomainAlias", "alias", DOMAIN, "Name of the domain alias.", option="domain-alias", key=True)
THE_USER_ALIAS = P("UserAlias", "alias", LOCAL_PART, "Alias of the user, without @.", option="user-alias", key=True)
THE_FORWARD = P(
    "UserForward", "address", ADDRESS, "Address that mail is forwarded to.", option="user-forward", key=True
)
THE_DLIST = P(
    "DistributionListName",
    "name",
    LOCAL_PART,
    "Name of the list, without @.",
    option="distribution-list-name",
    key=True,
)
THE_MLIST = P(
    "MailingListName", "name", LOCAL_PART, "Name of the list, without @.", option="mailing-list-name", key=True
)
THE_DMEMBER = P(
    "DistributionListMemberEmailAddress",
    "address",
    ADDRESS,
    "Address of the member.",
    option="member-email-address",
    key=True,
)
THE_MMEMBER = P(
    "MailingListMemberEmailAddress",
    "address",
    ADDRESS,
    "Address of the member.",
    option="member-email-address",
    key=True,
)
THE_MEMBER_NAME = P("MailingListMemberName", "display_name", NAME, "Name of the member.", option="member-name")
_FILTER_NOTE = "What is blocked."
THE_NEW_FILTER = P("SpamFilterAddress", "address", FILTER_ADDRESS, _FILTER_NOTE, option="spam-filter-address", key=True)
THE_OLD_FILTER = P("SpamFilter", "address", FILTER_ADDRESS, _FILTER_NOTE, option="spam-filter", key=True)
THE_FILTER_TYPE = P("TypeOfSpamFilter", "type", FILTER_TYPE, "How the address is read.", option="type-of-spam-filter")
THE_CATCH_ALL = P(
    "CatchallUserEmailAddress",
    "address",
    ADDRESS_OR_NONE,
    "Where mail to unknown names of the domain goes.",
    option="catchall-user-email-address",
)
THE_SUBJECT = P("Subject", "subject", SUBJECT, "Subject of the reply.", option="subject")
THE_MESSAGE = P("Message", "message", MESSAGE, "Text of the reply.", option="message")
THE_ADDRESS = P("Address", "address", ADDRESS, "Any address.", option="address", key=True)

DOMAIN_REF = (THE_DOMAIN,)
USER_REF = (THE_DOMAIN, THE_USER)
DOMAIN_TRANSFER = (THE_DOMAIN, THE_DIRECTORY, THE_LOCATION, THE_OWNER, *FEATURES)
USER_TRANSFER = (THE_DOMAIN, THE_USER, THE_DIRECTORY, THE_LOCATION, *USER_FEATURES)

# Examples' arguments, and what refuses a command that names a thing

ALL_ON = ("1",) * 8
XYZ_TRANSFER = ("xyz.com", "/var/mail/xyz.com", "/var/backups/xyz", "admin", *ALL_ON)
U1_TRANSFER = ("xyz.com", "u1", "/var/mail/xyz.com", "/var/backups/u1", "1", "1", "1")
ABSENT = ("not-found",)
ADDS = ("already-exists", "not-found", "feature-disabled")
EXPORTS = ("not-found", "conflict", "storage-failed")
IMPORTS = (
    "not-found",
    "conflict",
    "already-exists",
    "limit-reached",
    "forward-loop",
    "invalid-export",
    "storage-failed",
)
NEW = "10.3.1"
