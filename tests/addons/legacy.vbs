# A mail add-on for 3.X: the old parameters, the old lines. One program for all commands; its name says which.
#
# It stands for a Windows script: an interpreter runs it that takes //nologo (see `cscript` beside it), its lines end
# with CR and LF, its messages are in code page 1252, and it exits 1 after any refusal. The state is one text file,
# `state`, in the folder $ADDON_STATE: a record per line, fields separated by tabs, changed under a lock and replaced as
# a whole.

set -u
command=$(basename "$0" .vbs)
tab=$(printf '\t')
cd "$ADDON_STATE" || exit 1
exec 9>lock
flock 9
touch state

refuse() {
    printf '%s\r\n' "$1"
    exit 1
}

wanted() { # COUNT GIVEN: 3.X knew no other number of arguments
    [ "$1" = "$2" ] || refuse "$command: $1 parameters expected, $2 given"
}

has() { grep -q "^$1" state; }

need() { # RECORD MESSAGE
    has "$1$tab" || refuse "$2"
}

add() { # FIELD...
    record=$1
    shift
    for field; do record=$record$tab$field; done
    { cat state && printf '%s\n' "$record"; } >state.new && mv state.new state
}

drop() { # BEGINNING OF A RECORD
    grep -v "^$1" state >state.new
    mv state.new state
}

fields() { # BEGINNING OF RECORDS, FIELDS...: these fields, with a space between
    begin=$1
    shift
    grep "^$begin" state | awk -F "$tab" -v wanted="$*" '{
        count = split(wanted, numbers, " ")
        line = $(numbers[1])
        for (i = 2; i <= count; i++) line = line " " $(numbers[i])
        printf "%s\r\n", line
    }'
}

need_domain() { need "domain$tab$1" "Die Domain $1 existiert nicht (ung$(printf '\374')ltig)"; }
need_user() {
    need_domain "$1"
    need "user$tab$1$tab$2" "No user $2 in $1"
}

case $command in
EAddDomain)
    wanted 6 $#
    ! has "domain$tab$1$tab" || refuse "Domain $1 exists"
    add domain "$1" "$2" "$3" "$4"
    add user "$1" "$5" "$6" '' '' ''
    ;;
EEditDomain)
    wanted 2 $#
    need_domain "$1"
    rest=$(grep "^domain$tab$1$tab" state | cut -f 3,4)
    drop "domain$tab$1$tab"
    add domain "$1" "$rest" "$2"
    ;;
ESuspendDomain | EResumeDomain)
    wanted 1 $#
    need_domain "$1"
    drop "suspended$tab$1$tab"
    [ "$command" = EResumeDomain ] || add suspended "$1" ''
    ;;
EDeleteDomain)
    wanted 1 $#
    need_domain "$1"
    drop "[a-z]*$tab$1$tab"
    ;;
EGetMailURL)
    wanted 1 $#
    need_domain "$1"
    printf 'http://mail.%s/\r\n' "$1"
    ;;
EChangeDomainIP)
    wanted 2 $#
    need_domain "$1"
    rest=$(grep "^domain$tab$1$tab" state | cut -f 4,5)
    drop "domain$tab$1$tab"
    add domain "$1" "$2" "$rest"
    ;;
EAddDomainAlias)
    wanted 2 $#
    need_domain "$1"
    add other "$1" "$2" ''
    ;;
EdeleteDomainAlias)
    wanted 1 $#
    drop "other$tab[^$tab]*$tab$1$tab"
    ;;
EGetDomainAliasList)
    wanted 1 $#
    need_domain "$1"
    fields "other$tab$1$tab" 3
    ;;
EAddSpamFilter)
    wanted 4 $#
    need_domain "$1"
    add filter "$1" "$2" "$3" "$4" ''
    ;;
EDeleteSpamFilter)
    wanted 4 $#
    need "filter$tab$1$tab$2$tab$3$tab$4" "No filter $2 $3 $4 in $1"
    drop "filter$tab$1$tab$2$tab$3$tab$4$tab"
    ;;
EGetSpamFilterList)
    wanted 1 $#
    need_domain "$1"
    fields "filter$tab$1$tab" 5 4 3
    ;;
EStartMailServer | EStopMailServer)
    wanted 0 $#
    ;;
EChangeNetworkSettings)
    wanted 4 $#
    sed "s/^\(domain$tab[^$tab]*$tab\)$1$tab/\1$3$tab/" state >state.new
    mv state.new state
    ;;
EAddUser)
    wanted 6 $#
    need_domain "$1"
    ! has "user$tab$1$tab$2$tab" || refuse "User $2 exists in $1"
    add user "$@"
    ;;
EEditUser)
    wanted 6 $#
    need_user "$1" "$2"
    drop "user$tab$1$tab$2$tab"
    add user "$@"
    ;;
EDeleteUser)
    wanted 2 $#
    need_user "$1" "$2"
    drop "[a-z]*$tab$1$tab$2$tab"
    rm -f "reply-$1-$2"
    ;;
EAddUserAlias | EAddForward)
    wanted 3 $#
    need_user "$1" "$2"
    add "${command#EAdd}" "$1" "$2" "$3" ''
    ;;
EDeleteUserAlias | EDeleteForward)
    wanted 3 $#
    need "${command#EDelete}$tab$1$tab$2$tab$3" "$3 is not there"
    drop "${command#EDelete}$tab$1$tab$2$tab$3$tab"
    ;;
EgetUserAliasList)
    wanted 2 $#
    need_user "$1" "$2"
    fields "UserAlias$tab$1$tab$2$tab" 4 3
    ;;
EGetForwardList)
    wanted 2 $#
    need_user "$1" "$2"
    fields "Forward$tab$1$tab$2$tab" 3 4
    ;;
ESetAutoResponder)
    wanted 4 $#
    need_user "$1" "$2"
    printf '%s\r\n%s' "$3" "$4" >"reply-$1-$2"
    ;;
EGetAutoResponder)
    wanted 2 $#
    need_user "$1" "$2"
    [ ! -e "reply-$1-$2" ] || cat "reply-$1-$2"
    ;;
EDeleteAutoResponder)
    wanted 2 $#
    need_user "$1" "$2"
    rm -f "reply-$1-$2"
    ;;
*)
    refuse "$command is unknown"
    ;;
esac
