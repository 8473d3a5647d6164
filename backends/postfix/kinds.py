"""The kinds of effects, and what their keys are. Each is for the host that stores the mail, or for every host."""

DOMAIN = "domain"  # a domain: the scripts and lists of everybody in it
FLUSH = "flush"  # "": what waits is tried again
IMPORT = "import"  # domain: what a killed import has left beside the mailboxes
KICK = "kick"  # user@domain or *@domain: open sessions end
LIST = "list"  # list@domain: the list's folder
LEARN = "learn"  # list@domain: who subscribed and who left by mail
MAILBOX = "mailbox"  # user@domain: the folder
MEMBER = "member"  # list@domain member@domain: whether it is subscribed
NETWORK = "network"  # "": the host's name, and addresses that mail goes out from
RELOAD = "reload"  # "": Postfix forgets which domains there are
STORAGE = "storage"  # a flag and a path: the folder of a domain that is gone, and whether the one above was made for it
SIEVE = "sieve"  # user@domain: the script with the automatic reply

#: What every host that shares the directory has to do.
FOR_ALL = frozenset({FLUSH, NETWORK, RELOAD})
#: What a command does itself, before its commit, where it runs on the host that stores the mail.
FAR = frozenset({MAILBOX, STORAGE})
