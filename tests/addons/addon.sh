#!/bin/sh
# A mail add-on for 10.3.1 in POSIX shell. One program for all commands; its name says which.
#
# The state is a tree of plain files, `db`, in the folder $ADDON_STATE: a folder per domain, in it one per name, in it a
# file per field. A change is made under a lock. What a file was before is kept in the folder `undo`, and brought back by
# whoever comes next if that is still there: so a change happens whole or not at all. Mail folders are made before its end
# and removed after it. Settings are read from `mailaddon.toml` beside
# it, a line each. Nobody logs in here, so no password is kept.
#
# A domain name has to be in its ASCII form already. Refusals end with the SDK's error codes in brackets.
# There are no programs for export and import.

LC_ALL=C
export LC_ALL
command=${0##*/}
command=${command%.sh}
home=$ADDON_STATE
features='mailing_lists domain_aliases distribution_lists spam_filters user_aliases forwards autoresponders web_access'
undo=$home/undo
kept=0      # how many files and folders are kept there
fresh=''    # a folder that this call has made
made=''     # folders that become mail folders
removed=''  # a mail folder that goes
emptied=''  # a folder that goes if it is empty then
label64='[!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.][!.]'
label64=$label64$label64$label64$label64 # a label of a host name that is too long

refuse() { # CODE SENTENCE
    bring_back
    printf '%s: %s [%s]\n' "$command" "$2" "$1" >&2
    exit 1
}

# Files

enc() { # TEXT: as a file's name, in $encoded
    encoded=$1
    case $encoded in
    *[%/]*) encoded=$(printf %s "$1" | sed 's/%/%25/g; s,/,%2F,g') ;;
    esac
}

dec() { # FILE: the text of its name, in $decoded
    decoded=${1##*/}
    case $decoded in
    *%*) decoded=$(printf %s "$decoded" | sed 's,%2F,/,g; s/%25/%/g') ;;
    esac
}

get() { cat "$1"; } # FILE

keep() { # PATH: it is going to be changed
    case $1 in "$fresh"/*) return ;; esac
    kept=$((kept + 1))
    if [ -e "$1" ]; then cp -R "$1" "$undo/$kept.old"; fi
    printf %s "$1" >"$undo/$kept"
}

put() { # FILE TEXT
    keep "$1"
    printf %s "$2" >"$1"
}

make() { # FOLDER FOLDERS-IN-IT
    keep "$1"
    case $1 in "$fresh"/*) ;; *) fresh=$1 ;; esac
    mkdir "$@"
}

drop() { # PATH
    keep "$1"
    rm -rf "$1"
}

bring_back() { # what was, in the folder `db`, the last change first
    if [ ! -d "$undo" ]; then return; fi
    number=$(find "$undo" -name '[1-9]*' ! -name '*.old' | wc -l)
    while [ "$number" -gt 0 ]; do
        path=$(get "$undo/$number")
        if [ -n "$path" ]; then
            rm -rf "$path"
            if [ -e "$undo/$number.old" ]; then cp -R "$undo/$number.old" "$path"; fi
        fi
        rm "$undo/$number"
        number=$((number - 1))
    done
    rm -rf "$undo"
}

show() { # FOLDER: what its files' names say
    for file in "$1"/*; do
        if [ -e "$file" ]; then
            dec "$file"
            printf '%s\n' "$decoded"
        fi
    done
}

setting() { # NAME DEFAULT
    found=$(sed -n "s/^$1 *= *\"\{0,1\}\([^\"]*\)\"\{0,1\} *\$/\1/p" "$home/mailaddon.toml" 2>/dev/null)
    printf %s "${found:-$2}"
}

# Arguments

unfit() { # CODE SENTENCE: before the lock is taken, so nothing is brought back
    printf '%s: %s [%s]\n' "$command" "$2" "$1" >&2
    exit 1
}

not_a() { # KIND ACCEPTED VALUE
    case $1 in
    *password) unfit invalid-argument "a password is $2" ;;
    esac
    unfit invalid-argument "'$(printf %s "$3" | tr -d '\000-\037\177' | cut -c -80)': $2 is needed"
}

kinds_of() { # COUNT THIRD: what the arguments of the command are, in $kinds; how many of them there are and what the third is
    flags='flag flag flag flag flag flag flag flag'
    case $command in
    EAddDomain) kinds="domain ip path limit local password flag $flags" ;;
    EEditDomain)
        kinds="domain limit $flags"
        if [ "$1" = 11 ]; then kinds="domain limit flag $flags"; fi
        ;;
    EChangeDomainIP) kinds='domain ip' ;;
    EAddDomainAlias | EDeleteDomainAlias) kinds='domain domain' ;;
    EAddSpamFilter)
        case $2 in
        [Ee][Mm][Aa][Ii][Ll]) kinds='domain address type' ;;
        [Ii][Pp]) kinds='domain network type' ;;
        [Dd][Oo][Mm][Aa][Ii][Nn]) kinds='domain host type' ;;
        *) kinds='domain filter type' ;;
        esac
        ;;
    EDeleteSpamFilter) kinds='domain filter' ;;
    EStartMailServer | EStopMailServer) kinds='' ;;
    EChangeNetworkSettings) kinds='ip domain ip domain' ;;
    EAddUser) kinds='domain local password name name name flag flag flag' ;;
    EEditUser) kinds='domain local kept_password name name name flag flag flag' ;;
    EAddUserAlias | EDeleteUserAlias) kinds='domain local local' ;;
    EAddForward | EDeleteForward | EAddDistributionListMember | EDelete*ListMember) kinds='domain local address' ;;
    EAddMailingListMember) kinds='domain local name address' ;;
    ESetCatchallUser) kinds='domain address_or_none' ;;
    ESetAutoResponder) kinds='domain local subject message' ;;
    EGet*ListList | EGetDistributionList | EGetDomainAliasList | EGetSpamFilterList | EGetCatchallUser | EGetMailURL) kinds=domain ;;
    *Domain) kinds=domain ;;
    *) kinds='domain local' ;; # a user, or a list
    esac
}

lower() { # TEXT: in $fitting
    fitting=$1
    case $1 in *[A-Z]*) fitting=$(printf %s "$1" | tr A-Z a-z) ;; esac
}

is_host() { # NAME: in lower case
    case $1 in
    '' | *[!a-z0-9.-]* | .* | *. | *..* | -* | *- | *.-* | *-.* | *$label64* | ??--*) case $1 in xn--*) ;; *) return 1 ;; esac ;;
    esac
    case ${1##*.} in
    *[!0-9]*) [ ${#1} -le 253 ] ;;
    *) return 1 ;;
    esac
}

is_ip() { # TEXT
    case $1 in
    *[!0-9a-fA-F:.]* | '') return 1 ;;
    *:*) case $1 in *:::* | *::*::* | *[!:.][!:.][!:.][!:.][!:.]*) return 1 ;; *::* | *:*:*:*:*:*:*:*) return 0 ;; *) return 1 ;; esac ;;
    esac
    rest=$1.
    for number in 1 2 3 4; do
        part=${rest%%.*}
        rest=${rest#*.}
        case $part in '' | *[!0-9]* | 0?* | ????*) return 1 ;; esac
        if [ "$part" -gt 255 ]; then return 1; fi
    done
    [ -z "$rest" ]
}

is_network() { # TEXT
    if ! is_ip "${1%%/*}"; then return 1; fi
    case $1 in
    */*) case ${1#*/} in '' | *[!0-9]* | ????*) return 1 ;; *) [ "${1#*/}" -le 128 ] ;; esac ;;
    esac
}

is_address() { # TEXT: in lower case
    case $1 in *@*) ;; *) return 1 ;; esac
    host=${1##*@}
    local_part=${1%@*}
    case $host in
    '['*']')
        host=${host#?}
        host=${host%?}
        if ! is_ip "${host#ipv6:}"; then return 1; fi
        ;;
    *) if ! is_host "$host"; then return 1; fi ;;
    esac
    case $local_part in
    *[[:cntrl:]]*) return 1 ;;
    '"'?*'"')
        local_part=${local_part#?}
        case $(printf %s "${local_part%?}" | sed 's/\\.//g') in *[\"\\]*) return 1 ;; esac
        ;;
    '' | .* | *. | *..* | *[' "(),:;<>@[\]']* | *']'*) return 1 ;;
    esac
    [ ${#local_part} -le 64 ] && [ ${#1} -le 254 ]
}

fit() { # KIND TEXT: what it means, in $fitting
    fitting=$2
    case $1 in
    domain | host)
        lower "$2"
        case $fitting in *.*) ;; *) if [ "$1" = domain ]; then not_a "$1" 'a domain name of two labels or more' "$2"; fi ;; esac
        if ! is_host "$fitting"; then not_a "$1" 'a domain name' "$2"; fi
        ;;
    local)
        lower "$2"
        case $fitting in
        '' | .* | *. | *..* | *[!a-z0-9._-]*) not_a "$1" 'a local part of letters, digits, dots, underscores and hyphens' "$2" ;;
        esac
        if [ ${#fitting} -gt 64 ]; then not_a "$1" 'a local part of at most 64 characters' "$2"; fi
        ;;
    address_or_none) if [ -n "$2" ]; then fit address "$2"; fi ;;
    address)
        lower "$2"
        if ! is_address "$fitting"; then not_a "$1" 'an e-mail address' "$2"; fi
        ;;
    filter)
        lower "$2"
        if ! is_host "$fitting" && ! is_network "$fitting" && ! is_address "$fitting"; then
            not_a "$1" 'an address, a domain, an IP address or a network' "$2"
        fi
        ;;
    network) if ! is_network "$2"; then not_a "$1" 'an IP address or a network' "$2"; fi ;;
    ip) if ! is_ip "$2"; then not_a "$1" 'an IP address' "$2"; fi ;;
    path)
        case $2/ in
        *[[:cntrl:]]* | */../*) not_a "$1" 'a path without .. and control characters' "$2" ;;
        /*) ;;
        *) not_a "$1" 'an absolute path' "$2" ;;
        esac
        case $2 in *//* | */./* | */ | */.) fitting=$(printf %s "$2" | sed 's|//*|/|g; :again; s|/\./|/|; t again; s|/\.$||; s|/$||') ;; esac
        if [ -z "$fitting" ]; then not_a "$1" 'a folder below the root' "$2"; fi
        ;;
    limit) case $2 in -1) ;; '' | 0* | *[!0-9]* | ???????????*) not_a "$1" '-1 or a number from 1' "$2" ;; esac ;;
    flag) case $2 in 0 | 1) ;; *) not_a "$1" '0 or 1' "$2" ;; esac ;;
    password | kept_password)
        if [ ${#2} -gt 1024 ]; then not_a "$1" 'at most 1024 octets long' ''; fi
        if [ -z "$2" ] && [ "$1" = password ]; then not_a "$1" 'not empty' ''; fi
        ;;
    name)
        case $2 in *[[:cntrl:]]*) not_a "$1" 'one line of text' "$2" ;; esac
        if [ ${#2} -gt 255 ] && [ "$(printf %s "$2" | LC_ALL=C.UTF-8 wc -m)" -gt 255 ]; then
            not_a "$1" 'a text of at most 255 characters' "$2"
        fi
        ;;
    subject)
        case $2 in *[[:cntrl:]]*) case $(printf %s. "$2" | tr -d '\t') in *[[:cntrl:]]*) not_a "$1" 'one line of text' "$2" ;; esac ;; esac
        if [ ${#2} -gt 998 ]; then not_a "$1" 'a line of at most 998 octets' "$2"; fi
        ;;
    type)
        fitting=$(printf %s "$2" | tr a-z A-Z)
        case $fitting in EMAIL | IP | DOMAIN) ;; *) not_a "$1" 'EMAIL, IP or DOMAIN' "$2" ;; esac
        ;;
    esac
}

# Names

owner_of_name() { # NAME: the domain that has it, in $owner
    owner=''
    if [ -d "domains/$1" ]; then
        owner=$1
        return
    fi
    for file in domains/*/aliases/"$1"; do
        if [ -e "$file" ]; then
            owner=${file#domains/}
            owner=${owner%%/*}
        fi
    done
}

domain() { # NAME: its folder, in $d
    d=domains/$1
    if [ ! -d "$d" ]; then
        owner_of_name "$1"
        refuse not-found "domain $1 does not exist${owner:+; it is an alias of $owner}"
    fi
}

label() { # KIND: for a person, in $label
    case $1 in
    user) label=user ;;
    alias) label='user alias' ;;
    distribution) label='distribution list' ;;
    mailing) label='mailing list' ;;
    esac
}

kind() { # DOMAIN NAME: in $kind
    kind=''
    enc "$2"
    if [ -e "domains/$1/names/$encoded/kind" ]; then kind=$(get "domains/$1/names/$encoded/kind"); fi
}

entry() { # KIND DOMAIN NAME: its folder, in $n, and the domain's, in $d
    domain "$2"
    kind "$2" "$3"
    n=$d/names/$3
    if [ "$kind" != "$1" ]; then
        label "$kind"
        hint=${kind:+; it is a $label}
        label "$1"
        refuse not-found "$label $3@$2 does not exist$hint"
    fi
}

check_free() { # DOMAIN NAME KIND
    kind "$1" "$2"
    label "$kind"
    if [ "$kind" = "$3" ]; then refuse already-exists "$label $2@$1 already exists"; fi
    if [ -n "$kind" ]; then refuse already-exists "$2@$1 already exists as a $label"; fi
}

check_feature() { # FEATURE DOMAIN [USER]
    case $1 in
    mailing_lists) what='mailing lists' parameter=EnableMailingLists ;;
    domain_aliases) what='domain aliases' parameter=EnableDomainAliases ;;
    distribution_lists) what='distribution lists' parameter=EnableDistributonLists ;;
    spam_filters) what='spam filters' parameter=EnableSpamFilters ;;
    user_aliases) what='user aliases' parameter=EnableUserAliases ;;
    forwards) what=forwards parameter=EnableForwards ;;
    autoresponders) what=autoresponders parameter=EnableAutoResponders ;;
    esac
    domain "$2"
    if [ "$(get "$d/$1")" = 0 ]; then refuse feature-disabled "$what are disabled for domain $2 ($parameter is 0)"; fi
    if [ $# = 3 ] && [ "$(get "$d/names/$3/$1")" = 0 ]; then
        refuse feature-disabled "$what are disabled for user $3@$2 (User$parameter is 0)"
    fi
}

# Where mail goes

found_at() { # ADDRESS: the domain and the name that it is, in $owner and $name; whether there is any
    owner_of_name "${1##*@}"
    name=${1%@*}
    if [ -z "$owner" ]; then return 1; fi
    kind "$owner" "$name"
    if [ -z "$kind" ]; then
        name=${name%%+*}
        kind "$owner" "$name"
    fi
    [ -n "$kind" ]
}

user_at() { # ADDRESS: the user that mail to it is for, in $target
    target=''
    if found_at "$1"; then
        case $kind in
        user) target=$name@$owner ;;
        alias) target=$(get "domains/$owner/names/$name/user")@$owner ;;
        esac
    fi
}

check_no_loop() { # USER@DOMAIN
    waiting=$1
    seen=' '
    while [ -n "$waiting" ]; do
        current=${waiting%% *}
        waiting=${waiting#"$current"}
        waiting=${waiting# }
        folder=domains/${current#*@}/names/${current%@*}
        if [ "$(get "$folder/keep_copy")" = 1 ]; then continue; fi
        for forward in "$folder"/forward/*; do
            if [ ! -e "$forward" ]; then continue; fi
            dec "$forward"
            user_at "$decoded"
            if [ "$target" = "$1" ]; then
                refuse forward-loop "mail would run in a circle through $decoded, and nobody would keep a copy"
            fi
            case $seen in
            *" $target "*) ;;
            *)
                seen="$seen$target "
                waiting="$waiting${waiting:+ }$target"
                ;;
            esac
        done
    done
}

is_gone() { # ADDRESS HOSTS NAMES: whether it is one of these names, with any extension, at one of these hosts
    case $2 in
    *" ${1##*@} "*) ;;
    *) return 1 ;;
    esac
    local_part=${1%@*}
    case $3 in
    '' | *" $local_part "* | *" ${local_part%%+*} "*) return 0 ;;
    esac
    return 1
}

forget() { # DOMAIN LISTS NAMES: by every catch-all and, if LISTS is 1, every list; all names, if NAMES is ""
    hosts=" $1 $(show "domains/$1/aliases" | tr '\n' ' ') "
    for file in domains/*/catch_all; do
        if is_gone "$(get "$file")" "$hosts" "$3"; then put "$file" ''; fi
    done
    if [ "$2" = 0 ]; then return; fi
    for file in domains/*/names/*/member/*; do
        dec "$file"
        if is_gone "$decoded" "$hosts" "$3"; then drop "$file"; fi
    done
}

# Mail folders

check_real() { # PATH USE
    part=''
    rest=${1#/}
    while [ -n "$rest" ]; do
        part=$part/${rest%%/*}
        case $rest in
        */*) rest=${rest#*/} ;;
        *) rest='' ;;
        esac
        if [ -h "$part" ] || { [ -e "$part" ] && [ ! -d "$part" ]; }; then
            refuse storage-failed "$1 cannot be $2: a part of it is a symbolic link or not a folder; give the real path"
        fi
    done
}

check_unused() { # FOLDER
    check_real "$1" used
    if [ -d "$1" ] && [ -n "$(find "$1" ! -type d -print -quit)" ]; then
        refuse conflict "the folder $1 holds files already; move them away first"
    fi
}

remove() { # FOLDER
    check_real "$1" removed
    removed=$1
}

# What several commands do

insert_user() { # DOMAIN NAME FIRST MIDDLE LAST FORWARDS AUTORESPONDERS WEB_ACCESS
    domain "$1"
    made=$(get "$d/storage")/$2
    check_unused "$made"
    n=$d/names/$2
    make "$n" "$n/forward"
    put "$n/kind" user
    put "$n/keep_copy" 1
    put "$n/suspended" 0
    user_fields "$@"
}

user_fields() { # as insert_user
    put "$n/first_name" "$3"
    put "$n/middle_name" "$4"
    put "$n/last_name" "$5"
    put "$n/forwards" "$6"
    put "$n/autoresponders" "$7"
    put "$n/web_access" "$8"
}

count_users() { # DOMAIN
    grep -lx user "domains/$1"/names/*/kind 2>/dev/null | wc -l | tr -d ' '
}

check_name_free() { # NAME
    owner_of_name "$1"
    if [ "$owner" = "$1" ]; then refuse already-exists "domain $1 already exists"; fi
    if [ -n "$owner" ]; then refuse already-exists "domain $1 already exists as an alias of $owner"; fi
}

flags() { # EIGHT FLAGS
    for feature in $features; do
        put "$d/$feature" "$1"
        shift
    done
}

aliases_of() { # USER: the names that are its aliases; the domain is $d
    grep -lx "$1" "$d"/names/*/user 2>/dev/null | sed 's,/user$,,; s,.*/,,'
}

names_of_kind() { # KIND
    grep -lx "$1" "$d"/names/*/kind 2>/dev/null | sed 's,/kind$,,; s,.*/,,'
}

delete_name() { drop "$d/names/${1:?}"; }

work() {
    case $command in
    EAddDomain)
        check_name_free "$1"
        storage=$3/$1
        for file in domains/*/storage; do
            if [ ! -e "$file" ]; then continue; fi
            other=$(get "$file")
            case $storage/ in "$other"/*) overlap=1 ;; *) overlap=0 ;; esac
            case $other/ in "$storage"/*) overlap=1 ;; esac
            if [ $overlap = 1 ]; then
                refuse conflict "MailBoxDirectory: $storage overlaps $other, where another domain's mail is"
            fi
        done
        check_unused "$storage"
        d=domains/$1
        make "$d" "$d/aliases" "$d/names" "$d/filters"
        put "$d/ip" "$2"
        put "$d/directory" "$3"
        put "$d/storage" "$storage"
        if [ ! -d "$3" ]; then put "$d/made" ''; fi
        put "$d/most" "$4"
        put "$d/owner" "$5"
        put "$d/site" "$7"
        put "$d/suspended" 0
        put "$d/catch_all" "$5@$1"
        new_domain=$1
        new_owner=$5
        shift 7
        flags "$@"
        insert_user "$new_domain" "$new_owner" '' '' '' 1 1 1
        ;;
    EEditDomain)
        domain "$1"
        count=$(count_users "$1")
        if [ "$2" != -1 ] && [ "$count" -gt "$2" ]; then
            refuse limit-reached "MaxMailBoxes: $count users exist in domain $1, more than the limit $2"
        fi
        put "$d/most" "$2"
        if [ $# = 11 ]; then put "$d/site" "$3"; fi
        shift $(($# - 8))
        flags "$@"
        ;;
    ESuspendDomain | EResumeDomain)
        domain "$1"
        case $command in ESuspend*) put "$d/suspended" 1 ;; *) put "$d/suspended" 0 ;; esac
        ;;
    EDeleteDomain)
        domain "$1"
        remove "$(get "$d/storage")"
        if [ -e "$d/made" ]; then emptied=$(get "$d/directory"); fi
        forget "$1" 1 ''
        drop "$d"
        ;;
    EGetMailURL)
        domain "$1"
        url=$(setting webmail.url '')
        if [ -z "$url" ]; then refuse not-configured 'there is no web interface; the setting webmail.url names one'; fi
        printf '%s\n' "$url" | sed "s/{domain}/$1/g"
        ;;
    EChangeDomainIP)
        domain "$1"
        put "$d/ip" "$2"
        ;;
    EAddDomainAlias)
        check_feature domain_aliases "$1"
        check_name_free "$2"
        put "$d/aliases/$2" ''
        for file in domains/*/names/*/forward/*"@$2"; do
            if [ ! -e "$file" ]; then continue; fi
            from=${file#domains/}
            from=${from%/forward/*}
            from=${from#*/names/}@${from%%/*}
            dec "$file"
            user_at "$decoded"
            if [ "$target" = "$from" ]; then
                refuse forward-loop "a user forwards to $decoded, which would be itself"
            fi
            check_no_loop "$from"
        done
        ;;
    EDeleteDomainAlias)
        domain "$1"
        if [ ! -e "$d/aliases/$2" ]; then refuse not-found "$2 is not an alias of domain $1"; fi
        drop "$d/aliases/$2"
        ;;
    EGetDomainAliasList)
        domain "$1"
        show "$d/aliases"
        ;;
    EAddSpamFilter)
        check_feature spam_filters "$1"
        enc "$2"
        if [ -e "$d/filters/$encoded/$3" ]; then
            refuse already-exists "$3 spam filter $2 of domain $1 already exists"
        fi
        keep "$d/filters/$encoded"
        mkdir -p "$d/filters/$encoded"
        put "$d/filters/$encoded/$3" ''
        ;;
    EDeleteSpamFilter)
        domain "$1"
        enc "$2"
        if [ ! -d "$d/filters/$encoded" ]; then refuse not-found "domain $1 has no spam filter $2"; fi
        drop "$d/filters/$encoded"
        ;;
    EGetSpamFilterList)
        domain "$1"
        show "$d/filters"
        ;;
    EStartMailServer | EStopMailServer) ;;
    EChangeNetworkSettings)
        present="$1 $2"
        if [ -e server ]; then present=$(get server); fi
        if [ "$present" != "$1 $2" ] && [ "$present" != "$3 $4" ]; then
            refuse conflict "the server is $present, neither the old $1 $2 nor the new $3 $4"
        fi
        if [ "$present" = "$1 $2" ]; then
            put server "$3 $4"
            for file in domains/*/ip; do
                if [ -e "$file" ] && [ "$(get "$file")" = "$1" ]; then put "$file" "$3"; fi
            done
        fi
        ;;
    EAddUser)
        domain "$1"
        most=$(get "$d/most")
        check_free "$1" "$2" user
        if [ "$most" != -1 ] && [ "$(count_users "$1")" -ge "$most" ]; then
            refuse limit-reached "domain $1 is full: MaxMailBoxes is $most"
        fi
        insert_user "$1" "$2" "$4" "$5" "$6" "$7" "$8" "$9"
        ;;
    EEditUser)
        entry user "$1" "$2"
        user_fields "$1" "$2" "$4" "$5" "$6" "$7" "$8" "$9"
        ;;
    ESuspendUser | EResumeUser)
        entry user "$1" "$2"
        case $command in ESuspend*) put "$n/suspended" 1 ;; *) put "$n/suspended" 0 ;; esac
        ;;
    EDeleteUser)
        entry user "$1" "$2"
        if [ "$(get "$d/owner")" = "$2" ]; then
            refuse conflict "user $2@$1 owns the domain and cannot be deleted while the domain exists"
        fi
        remove "$(get "$d/storage")/$2"
        gone="$2 $(aliases_of "$2" | tr '\n' ' ')"
        forget "$1" 1 " $gone "
        for name in $gone; do delete_name "$name"; done
        ;;
    EAddUserAlias)
        entry user "$1" "$2"
        check_feature user_aliases "$1"
        check_free "$1" "$3" alias
        make "$d/names/$3"
        put "$d/names/$3/kind" alias
        put "$d/names/$3/user" "$2"
        for file in "$n"/forward/*; do
            if [ ! -e "$file" ]; then continue; fi
            dec "$file"
            user_at "$decoded"
            if [ "$target" = "$2@$1" ]; then
                refuse forward-loop "user $2@$1 forwards to $decoded, which would be itself"
            fi
        done
        check_no_loop "$2@$1"
        ;;
    EDeleteUserAlias)
        entry user "$1" "$2"
        if [ ! -e "$d/names/$3/user" ] || [ "$(get "$d/names/$3/user")" != "$2" ]; then
            refuse not-found "$3@$1 is not an alias of user $2@$1"
        fi
        delete_name "$3"
        forget "$1" 0 " $3 "
        ;;
    EGetUserAliasList)
        entry user "$1" "$2"
        aliases_of "$2" | sort
        ;;
    EAddForward)
        entry user "$1" "$2"
        check_feature forwards "$1" "$2"
        user_at "$3"
        if [ "$target" = "$2@$1" ]; then refuse forward-loop "UserForward: $3 is user $2@$1 itself"; fi
        enc "$3"
        if [ -e "$n/forward/$encoded" ]; then refuse already-exists "user $2@$1 already forwards to $3"; fi
        put "$n/forward/$encoded" ''
        case $(setting forwards.keep_copy true) in true) put "$n/keep_copy" 1 ;; *) put "$n/keep_copy" 0 ;; esac
        check_no_loop "$2@$1"
        ;;
    EDeleteForward)
        entry user "$1" "$2"
        enc "$3"
        if [ ! -e "$n/forward/$encoded" ]; then refuse not-found "user $2@$1 does not forward to $3"; fi
        drop "$n/forward/$encoded"
        ;;
    EGetForwardList)
        entry user "$1" "$2"
        show "$n/forward"
        ;;
    ESetCatchallUser)
        domain "$1"
        if [ -n "$2" ] && ! found_at "$2" && [ -n "$owner" ]; then
            refuse not-found "CatchallUserEmailAddress: $2 does not exist"
        fi
        put "$d/catch_all" "$2"
        ;;
    EGetCatchallUser)
        domain "$1"
        if [ -s "$d/catch_all" ]; then
            get "$d/catch_all"
            echo
        fi
        ;;
    ESetAutoResponder)
        entry user "$1" "$2"
        check_feature autoresponders "$1" "$2"
        put "$n/subject" "$3"
        put "$n/message" "$4"
        ;;
    EGetAutoResponder)
        entry user "$1" "$2"
        if [ -e "$n/subject" ]; then
            get "$n/subject"
            echo
            get "$n/message"
        fi
        ;;
    EDeleteAutoResponder)
        entry user "$1" "$2"
        drop "$n/subject"
        drop "$n/message"
        ;;
    *DistributionList*) lists distribution distribution_lists "$@" ;;
    *MailingList*) lists mailing mailing_lists "$@" ;;
    *) refuse not-supported 'this add-on has no such command' ;;
    esac
}

lists() { # KIND FEATURE ARGUMENTS
    list=$1
    feature=$2
    shift 2
    case $command in
    EAdd*Member)
        entry "$list" "$1" "$2"
        check_feature "$feature" "$1"
        display=''
        if [ $# = 4 ]; then # a mailing list's member has a name, before the address
            display=$3
            set -- "$1" "$2" "$4"
        fi
        enc "$3"
        label "$list"
        if [ -e "$n/member/$encoded" ]; then refuse already-exists "$3 is a member of $label $2@$1 already"; fi
        put "$n/member/$encoded" "$display"
        ;;
    EDelete*Member)
        entry "$list" "$1" "$2"
        enc "$3"
        label "$list"
        if [ ! -e "$n/member/$encoded" ]; then refuse not-found "$3 is not a member of $label $2@$1"; fi
        drop "$n/member/$encoded"
        ;;
    EGet*MemberList)
        entry "$list" "$1" "$2"
        show "$n/member"
        ;;
    EAdd*)
        check_feature "$feature" "$1"
        check_free "$1" "$2" "$list"
        make "$d/names/$2" "$d/names/$2/member"
        put "$d/names/$2/kind" "$list"
        ;;
    EDelete*)
        entry "$list" "$1" "$2"
        delete_name "$2"
        forget "$1" 1 " $2 "
        ;;
    EGet*)
        domain "$1"
        names_of_kind "$list" | sort
        ;;
    esac
}

case $command in *Import* | *Export*) unfit not-supported 'this add-on has no such command' ;; esac
kinds_of $# "${3-}"
count=0
for kind in $kinds; do count=$((count + 1)); done
if [ $# != $count ]; then unfit usage "$count arguments expected, $# given"; fi
for kind in $kinds; do
    fit "$kind" "$1"
    shift
    set -- "$@" "$fitting"
done
cd "$home" || exit 1
exec 9>lock
flock 9
mkdir -p db/domains
cd db || exit 1
bring_back # what was before a call that has been killed
case $command in
EGet*)
    work "$@"
    exit
    ;;
esac
rm -rf "$undo.done"
mkdir "$undo"
work "$@"
if [ -n "$made" ]; then mkdir -p "$made/Maildir/cur" "$made/Maildir/new" "$made/Maildir/tmp"; fi
mv "$undo" "$undo.done" # from now on it has happened
rm -rf "$undo.done"
if [ -n "$removed" ]; then rm -rf "$removed"; fi
if [ -n "$emptied" ]; then rmdir "$emptied" 2>/dev/null; fi
exit 0
