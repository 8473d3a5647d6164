"""The kinds of effects, and what their keys are."""

DOMAIN = "domain"  # a domain: the scripts and lists of everybody in it
FLUSH = "flush"  # "": what waits is tried again
IMPORT = "import"  # domain: what a killed import has left beside the mailboxes
KICK = "kick"  # user@domain or *@domain: open sessions end
LIST = "list"  # list@domain: the list's folder
MEMBER = "member"  # list@domain member@domain: whether it is subscribed
NETWORK = "network"  # "": the host's name, and addresses that mail goes out from
RELOAD = "reload"  # "": Postfix forgets which domains there are
SIEVE = "sieve"  # user@domain: the script with the automatic reply
