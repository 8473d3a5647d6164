"""The configuration of an instance, whole and commented, as texts: writing them is the business of `setup`."""

import os

from . import databases, layout, units
from ._record import File
from .lookups import dovecot, maps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Instance

PROGRAMS = "/usr/sbin"
DAEMONS = "/usr/lib/postfix/sbin"
PYTHON = "/usr/bin/python3"
MLMMJ = "/usr/bin/mlmmj-receive"
#: What stands between these lines is written anew when the directory's addresses change; the rest is left alone.
BEGIN = "# --- from the directory; changes here are lost"
END = "# --- end"


def files(instance: "Instance") -> "list[File]":
    """Every file of the configuration."""
    group = instance.group
    tables = [
        _file(instance.path("etc", "postfix", "sql", f"{name}.cf"), _map(instance, query), 0o640, "postfix")
        for name, query in maps(instance).items()
    ]
    return [
        _file(instance.path("etc", "postfix", "main.cf"), main_cf(instance), 0o644),
        _file(instance.path("etc", "postfix", "master.cf"), master_cf(instance), 0o644),
        *tables,
        _file(instance.dovecot, dovecot_conf(instance), 0o644),
        _file(instance.path("etc", "dovecot", "dovecot-sql.conf.ext"), dovecot_sql(instance), 0o600),
        _file(instance.path("etc", "policy.py"), _policy(), 0o640, group),
        *(_file(path, text, 0o640, group) for path, text in databases.files(instance)),
        *(_file(instance.path("etc", "systemd", name), text, 0o644) for name, text in units.units(instance).items()),
        _file(instance.path("etc", "logrotate.d", instance.label), units.logrotate(instance), 0o644),
        *_for_service_user(instance),
    ]


def _for_service_user(instance: "Instance") -> "list[File]":
    from .service import files as found

    return list(found(instance))


def _file(path: str, text: str, mode: int, group: str = "") -> File:
    return File(path=path, text=text, mode=mode, group=group)


def _policy() -> str:
    with open(os.path.join(os.path.dirname(__file__), "policy.py"), encoding="utf-8") as file:
        return file.read()


def _map(instance: "Instance", query: str) -> str:
    return f"{databases.for_map(instance)}query = {query}\n"


def main_cf(instance: "Instance") -> str:
    """Postfix's main.cf."""
    i = instance

    def table(name: str) -> str:
        return f"proxy:{databases.map_type(i)}:{i.path('etc', 'postfix', 'sql', name)}.cf"

    read = "\n".join(f"    {table(name)}" for name in maps(i))
    outgoing = f"sender_dependent_default_transport_maps = {table('outgoing')}"
    if i.relay:
        outside = f"relayhost = {_nexthop(i.relay)}\n{outgoing}"
    elif i.system:
        outside = f"relayhost =\n{outgoing}"
    else:
        outside = "relayhost =\ndefault_transport = error:5.7.1 This host sends nothing to the outside: it has no relay"
    return f"""\
# Postfix of the mail host in {i.root}. Written by `mailaddon host init`; `mailaddon host check` says what has been
# changed since.

compatibility_level = 3.6
queue_directory = {i.path("spool")}
data_directory = {i.path("data")}
command_directory = {PROGRAMS}
daemon_directory = {DAEMONS}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {i.path("log", "postfix.log")}
maillog_file_prefixes = {i.path("log")}

# Names and addresses
{BEGIN}
myhostname = {i.hostname}
{END}
myorigin = $myhostname
smtpd_banner = $myhostname ESMTP
inet_interfaces = {", ".join(i.listen)}
inet_protocols = {"all" if i.listen == layout.ALL or ":" in "".join(i.listen) else "ipv4"}

# Nobody has a mailbox for being a user of this machine.
mydestination =
local_recipient_maps =
local_transport = error:5.1.1 No local delivery here
alias_maps =
alias_database =
mynetworks =
biff = no

# The outside
{outside}
smtp_tls_security_level = may
{_DNS if i.system else _NO_DNS}

# The directory. Everything goes through proxymap: a daemon that opens an SQLite file itself dies when it does so in the
# same instant as a command that changes it, and one that asks PostgreSQL itself makes a connection for every session.
proxy_read_maps =
{read}
recipient_delimiter = +
virtual_mailbox_domains = {table("domains")}
virtual_alias_domains = {table("alias-domains")}
virtual_mailbox_maps = {table("mailboxes")}
# The catch-all comes last, and answers for @domain only: it takes nothing from an address that exists.
virtual_alias_maps = {table("aliases")} {table("catch-alls")}
virtual_alias_expansion_limit = 20000
virtual_transport = lmtp:unix:{i.path("run", "dovecot", "lmtp-postfix")}
lmtp_destination_recipient_limit = 50
transport_maps = {table("lists")}{f" {table('elsewhere')}" if i.host else ""}
mlmmj_destination_recipient_limit = 1
smtpd_sender_login_maps = {table("senders")}

# Who may send what to whom
smtpd_helo_required = yes
smtpd_delay_reject = yes
disable_vrfy_command = yes
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
    reject_non_fqdn_recipient
    reject_unlisted_recipient
    check_recipient_access {table("suspended-domains")}
    check_recipient_access {table("refusals")}
    check_recipient_access {table("empty-lists")}
    check_policy_service unix:private/policy
# A spam filter that cannot be asked defers the mail.
smtpd_policy_service_timeout = 10s
smtpd_policy_service_default_action = 451 4.3.5 The filters cannot be asked
policy_time_limit = 3600
smtpd_sasl_type = dovecot
smtpd_sasl_path = {i.path("run", "dovecot", "auth-postfix")}
smtpd_sasl_auth_enable = no

# TLS
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {i.certificate_file}
smtpd_tls_key_file = {i.key_file}
smtpd_tls_protocols = >=TLSv1.2
smtpd_tls_mandatory_protocols = >=TLSv1.2
smtp_tls_protocols = >=TLSv1.2
smtpd_tls_session_cache_database =

# Limits
message_size_limit = 52428800
virtual_mailbox_limit = 0
{_LIMITS if i.system else _PRIVATE_LIMITS}
"""


_DNS = """\
smtp_host_lookup = dns, native
smtpd_peername_lookup = yes"""
_NO_DNS = """\
# A private host asks no name server.
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no"""
_LIMITS = """\
# What one client may do at a time, or in a minute. Programs of this machine, as a webmail, speak for many people.
smtpd_client_connection_count_limit = 30
smtpd_client_connection_rate_limit = 120
smtpd_client_auth_rate_limit = 30
smtpd_client_event_limit_exceptions = 127.0.0.0/8 [::1]/128
queue_run_delay = 300s
minimal_backoff_time = 300s
maximal_backoff_time = 4000s"""
_PRIVATE_LIMITS = """\
# All clients of a private host have one address, and nobody wants to wait for it.
queue_run_delay = 5s
minimal_backoff_time = 5s
maximal_backoff_time = 300s"""


def _nexthop(relay: str) -> str:
    host, _, port = relay.rpartition(":")
    return f"[{host}]:{port}"


def master_cf(instance: "Instance") -> str:
    """Postfix's master.cf: three ways in, and what Postfix is made of; nothing in a chroot, which has no directory.

    An smtpd remembers for its whole life of which kind an address was, so it serves one client only: a domain that was
    added a moment ago is there for the next one.
    """
    i = instance
    authenticated = """\
    -o syslog_name=postfix/submission -o max_use=1
    -o smtpd_sasl_auth_enable=yes
    -o smtpd_sender_restrictions=reject_sender_login_mismatch
    -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"""
    return f"""\
# Postfix of the mail host in {i.root}. Written by `mailaddon host init`.
# service  type  private unpriv chroot wakeup maxproc command

# Mail from anywhere to domains of this host
{i.port(layout.SMTP)} inet n - n - - smtpd
    -o syslog_name=postfix/mx -o max_use=1
# Mail of users, who log in and write as themselves: with STARTTLS, and with TLS from the first octet
{i.port(layout.SUBMISSION)} inet n - n - - smtpd
    -o smtpd_tls_security_level=encrypt
{authenticated}
{i.port(layout.SUBMISSIONS)} inet n - n - - smtpd
    -o smtpd_tls_wrappermode=yes
{authenticated}
# Automatic replies and the mail of lists, from this machine only
{layout.LOOPBACK}:{i.port(layout.REINJECTION)} inet n - n - - smtpd
    -o syslog_name=postfix/re-injection -o mynetworks={layout.LOOPBACK}/32
    -o smtpd_client_restrictions=permit_mynetworks,reject -o smtpd_recipient_restrictions=
    -o smtpd_relay_restrictions=permit_mynetworks,reject
# The spam filters
policy unix - n n - 0 spawn
    user={i.policy_user} argv={PYTHON} -IS {i.path("etc", "policy.py")} {databases.for_policy(i)}
# Mailing lists
mlmmj unix - n n - - pipe
    flags=ORu user={i.list_user} argv={MLMMJ} -F -L {i.path("lists")}/$nexthop
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp -o syslog_name=postfix/relay
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
{BEGIN}
{END}
"""


def dovecot_conf(instance: "Instance") -> str:
    """Dovecot's configuration."""
    i = instance
    listen = "*, ::" if i.listen == layout.ALL else ", ".join(i.listen)
    return f"""\
# Dovecot of the mail host in {i.root}. Written by `mailaddon host init`.

base_dir = {i.path("run", "dovecot")}
state_dir = {i.path("run", "dovecot-state")}
instance_name = {i.label}
log_path = {i.path("log", "dovecot.log")}
protocols = imap lmtp sieve
listen = {listen}
postmaster_address = postmaster@{i.hostname}
# Automatic replies go out here.
submission_host = {layout.LOOPBACK}:{i.port(layout.REINJECTION)}
recipient_delimiter = +

# Without TLS nobody logs in, except from the very address that the service has.
ssl = required
ssl_cert = <{i.certificate_file}
ssl_key = <{i.key_file}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes

# Users and their mail are what the directory says at the moment: nothing is cached.
auth_mechanisms = plain login
auth_username_format = %Lu
auth_cache_size = 0
{_PENALTY if i.system else _NO_PENALTY}
passdb {{
  driver = sql
  args = {i.path("etc", "dovecot", "dovecot-sql.conf.ext")}
}}
userdb {{
  driver = sql
  args = {i.path("etc", "dovecot", "dovecot-sql.conf.ext")}
}}
first_valid_uid = {i.mail_uid}
last_valid_uid = {i.mail_uid}
mail_location = maildir:~/Maildir
mailbox_list_index = yes
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    special_use = \\Drafts
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}

service imap-login {{
  # A login process goes on to encrypt the session. One per session, the default, would let 100 people in at a time.
  service_count = 0
  inet_listener imap {{
    port = {i.port(layout.IMAP)}
  }}
  inet_listener imaps {{
    port = {i.port(layout.IMAPS)}
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {i.port(layout.SIEVE)}
  }}
}}
service lmtp {{
  process_min_avail = 1
  unix_listener lmtp {{
    mode = 0
  }}
  unix_listener lmtp-postfix {{
    mode = 0600
    user = postfix
  }}
{_for_others(i)}}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0600
    user = postfix
  }}
}}
# Only the workers read the directory.
service auth-worker {{
  user = $default_internal_user
  group = {i.group}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}

protocol lmtp {{
  mail_plugins = $mail_plugins sieve
}}
plugin {{
  # The user's own script, by ManageSieve, and before it the reply that ESetAutoResponder set. Both are in force.
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = {i.path("sieve")}/%d/%n.sieve
}}
"""


_PENALTY = """\
# Whoever mistypes a password waits, and an address that goes on doing so waits longer and longer.
auth_failure_delay = 2 secs"""
_NO_PENALTY = """\
# All clients of a private host have one address, so nobody has to wait because somebody else mistyped a password.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}"""


def _for_others(instance: "Instance") -> str:
    """Where hosts that share the directory hand over mail. Whoever reaches it can deliver anything to anybody."""
    if not instance.host:
        return ""
    return f"""\
  inet_listener lmtp {{
    address = {instance.host_address}
    port = {instance.port(layout.LMTP)}
  }}
"""


def dovecot_sql(instance: "Instance") -> str:
    """Dovecot's queries, and the database that they go to."""
    queries = "".join(f"{name} = {query}\n" for name, query in dovecot(instance).items())
    return f"{databases.for_dovecot(instance)}default_pass_scheme = ARGON2ID\n{queries}"
