#!/usr/bin/perl
# A mail add-on for 10.3.1 in Perl, of what every Debian has. One program for all commands; its name says which.
#
# The state is one text file, `state`, in the folder $ADDON_STATE: fields separated by tabs, the last one being a value
# and those before it the way to it. A change is made under a lock, and replaces the file as a whole, so it happens
# whole or not at all. Mail folders are made before that and removed after it; what a kill leaves of them, the next
# command for the same name meets again. Settings are read from `mailaddon.toml` beside the state, a line each.
#
# A domain name has to be in its ASCII form already. Refusals end with the SDK's error codes in brackets.
# There are no programs for export and import.

use strict;
use warnings;
use Fcntl qw(:flock);
use File::Path qw(make_path remove_tree);

my ($command) = $0 =~ m{([^/]+?)(?:\.\w+)?$};
my $home = $ENV{ADDON_STATE};
my @FEATURES = qw(
    mailing_lists domain_aliases distribution_lists spam_filters user_aliases forwards autoresponders web_access
);
my %FEATURE = (
    mailing_lists      => ['mailing lists',      'EnableMailingLists'],
    domain_aliases     => ['domain aliases',     'EnableDomainAliases'],
    distribution_lists => ['distribution lists', 'EnableDistributonLists'],
    spam_filters       => ['spam filters',       'EnableSpamFilters'],
    user_aliases       => ['user aliases',       'EnableUserAliases'],
    forwards           => ['forwards',           'EnableForwards'],
    autoresponders     => ['autoresponders',     'EnableAutoResponders'],
);
my %KIND = (user => 'user', alias => 'user alias', distribution => 'distribution list', mailing => 'mailing list');
my (%state, @make, @remove);

sub refuse {
    my ($code, $sentence) = @_;
    print STDERR "$command: $sentence [$code]\n";
    exit 1;
}

# The state

sub escaped {
    my ($text) = @_;
    $text =~ s/([\t\n\\])/sprintf '\\%02x', ord $1/ge;
    return $text;
}

sub lines {
    my ($node, @way) = @_;
    my @lines;
    for my $key (sort keys %$node) {
        my $value = $node->{$key};
        push @lines, ref $value ? lines($value, @way, $key) : join("\t", map { escaped($_) } @way, $key, $value) . "\n";
    }
    return @lines;
}

sub load {
    open my $file, '<', "$home/state" or return;
    while (my $line = <$file>) {
        chomp $line;
        my @way = map { s/\\(..)/chr hex $1/ger } split /\t/, $line, -1;
        my $value = pop @way;
        my $last = pop @way;
        my $node = \%state;
        $node = $node->{$_} //= {} for @way;
        $node->{$last} = $value;
    }
}

sub save {
    open my $file, '>', "$home/state.new" or refuse('storage-failed', "$home/state.new cannot be written: $!");
    print $file lines(\%state);
    $file->flush && $file->sync or refuse('storage-failed', "$home/state.new cannot be written: $!");
    close $file;
    rename "$home/state.new", "$home/state" or refuse('storage-failed', "$home/state cannot be replaced: $!");
}

sub setting {
    my ($name, $default) = @_;
    open my $file, '<', "$home/mailaddon.toml" or return $default;
    for (<$file>) {
        return $1 if /^\Q$name\E\s*=\s*"?(.*?)"?\s*$/;
    }
    return $default;
}

# Arguments

my $LABEL = qr/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/;
my $ATOM  = qr/[^\x00-\x20\x7f"(),:;<>@\[\\\].]+/;
my $OCTET = qr/(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/a;

sub is_host {
    my ($name) = @_;
    return $name =~ /\A$LABEL(?:\.$LABEL)*\z/ && $name !~ /(?:\A|\.)\d+\z/a && length $name <= 253;
}

sub is_ip {
    my ($text) = @_;
    return 1 if $text =~ /\A$OCTET(?:\.$OCTET){3}\z/;
    return 0 unless $text =~ /\A[0-9a-f:.]+\z/i && $text !~ /:::|::.*::|[^:.]{5}/;
    return $text =~ /::/ || ($text =~ tr/://) == 7;
}

sub is_network {
    my ($ip, $bits) = $_[0] =~ m{\A([^/]*)(?:/(\d{1,3}))?\z}a or return 0;
    return is_ip($ip) && ($bits // 0) <= 128;
}

sub is_address {
    my ($local, $host) = $_[0] =~ /\A(.+)\@([^\@]+)\z/s or return 0;
    return 0 unless $host =~ /\A\[(?:ipv6:)?(.*)\]\z/ ? is_ip($1) : is_host($host);
    return 0 unless $local =~ /\A$ATOM(?:\.$ATOM)*\z/ || $local =~ /\A"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])+"\z/;
    return length $local <= 64 && length $_[0] <= 254;
}

sub characters {
    my ($text) = @_;
    utf8::decode($text);
    return length $text;
}

my %FIT = (
    domain          => ['a domain name of two labels or more', sub { is_host(lc $_[0]) && $_[0] =~ /\./ }],
    host            => ['a domain name',                       sub { is_host(lc $_[0]) }],
    ip              => ['an IP address',                       \&is_ip],
    network         => ['an IP address or a network',          \&is_network],
    address         => ['an e-mail address',                   sub { is_address(lc $_[0]) }],
    address_or_none => ['an e-mail address or nothing',        sub { $_[0] eq '' || is_address(lc $_[0]) }],
    local           => [
        'a local part of letters, digits, dots, underscores and hyphens',
        sub { $_[0] =~ /\A[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\z/i && length $_[0] <= 64 },
    ],
    path => [
        'an absolute path below the root, without ..',
        sub { $_[0] =~ m{\A/} && $_[0] =~ m{[^/.]} && "$_[0]/" !~ m{/\.\./|[\x00-\x1f\x7f]} },
    ],
    limit         => ['-1 or a number from 1', sub { $_[0] =~ /\A(?:-1|[1-9]\d{0,9})\z/a }],
    flag          => ['0 or 1',                sub { $_[0] =~ /\A[01]\z/ }],
    password      => ['a password of 1 to 1024 octets',    sub { $_[0] ne '' && length $_[0] <= 1024 }],
    kept_password => ['a password of at most 1024 octets', sub { length $_[0] <= 1024 }],
    name    => ['one line of at most 255 characters', sub { $_[0] !~ /[\x00-\x1f\x7f]/ && characters($_[0]) <= 255 }],
    subject => ['one line of at most 998 octets',     sub { $_[0] !~ /[\x00-\x08\x0a-\x1f\x7f]/ && length $_[0] <= 998 }],
    message => ['any text',            sub { 1 }],
    type    => ['EMAIL, IP or DOMAIN', sub { $_[0] =~ /\A(?:email|ip|domain)\z/i }],
    filter  => [
        'an address, a domain, an IP address or a network',
        sub { is_host(lc $_[0]) || is_network($_[0]) || is_address(lc $_[0]) },
    ],
);
my %LOWER   = map { $_ => 1 } qw(domain host address address_or_none local filter);
my @FLAGS   = ('flag') x 8;
my %KINDS   = (
    EAddDomain            => ['domain', 'ip', 'path', 'limit', 'local', 'password', 'flag', @FLAGS],
    EEditDomain           => ['domain', 'limit', @FLAGS],
    EChangeDomainIP       => [qw(domain ip)],
    EAddDomainAlias       => [qw(domain domain)],
    EDeleteDomainAlias    => [qw(domain domain)],
    EAddSpamFilter        => [qw(domain filter type)],
    EDeleteSpamFilter     => [qw(domain filter)],
    EStartMailServer      => [],
    EStopMailServer       => [],
    EChangeNetworkSettings => [qw(ip domain ip domain)],
    EAddUser              => [qw(domain local password name name name flag flag flag)],
    EEditUser             => [qw(domain local kept_password name name name flag flag flag)],
    EAddUserAlias         => [qw(domain local local)],
    EDeleteUserAlias      => [qw(domain local local)],
    EAddForward           => [qw(domain local address)],
    EDeleteForward        => [qw(domain local address)],
    EAddDistributionListMember    => [qw(domain local address)],
    EDeleteDistributionListMember => [qw(domain local address)],
    EAddMailingListMember         => [qw(domain local name address)],
    EDeleteMailingListMember      => [qw(domain local address)],
    ESetCatchallUser      => [qw(domain address_or_none)],
    ESetAutoResponder     => [qw(domain local subject message)],
    (map { $_ => ['domain'] } qw(
        ESuspendDomain EResumeDomain EDeleteDomain EGetMailURL EGetDomainAliasList EGetDistributionListList
        EGetMailingListList EGetSpamFilterList EGetCatchallUser
    )),
);

sub checked { # the arguments, names in lower case
    my @given = @_;
    my @kinds = @{ $KINDS{$command} // [qw(domain local)] }; # of a user, or of a list
    @kinds = ('domain', 'limit', 'flag', @FLAGS) if $command eq 'EEditDomain' && @given == 11;
    refuse('usage', scalar(@kinds) . ' arguments expected, ' . scalar(@given) . ' given') if @kinds != @given;
    if ($command eq 'EAddSpamFilter') {
        $kinds[1] = { email => 'address', ip => 'network', domain => 'host' }->{ lc $given[2] } // 'filter';
    }
    for my $number (0 .. $#kinds) {
        my ($kind, $accepted) = ($kinds[$number], $FIT{ $kinds[$number] });
        if (!$accepted->[1]->($given[$number])) {
            my $shown = $kind =~ /password/ ? '' : "'" . substr($given[$number] =~ s/[\x00-\x1f\x7f]//gr, 0, 80) . "': ";
            refuse('invalid-argument', "$shown$accepted->[0] is needed");
        }
        $given[$number] = lc $given[$number] if $LOWER{$kind};
        $given[$number] = uc $given[$number] if $kind eq 'type';
        $given[$number] =~ s{/(?:\.?/)+}{/}g, $given[$number] =~ s{/\.?\z}{} if $kind eq 'path';
    }
    return @given;
}

# Names

sub owner_of_name {
    my ($name) = @_;
    return $name if $state{domain}{$name};
    for my $primary (keys %{ $state{domain} }) {
        return $primary if $state{domain}{$primary}{alias}{$name};
    }
    return '';
}

sub domain {
    my ($name) = @_;
    return $state{domain}{$name} if $state{domain}{$name};
    my $owner = owner_of_name($name);
    refuse('not-found', "domain $name does not exist" . ($owner ? "; it is an alias of $owner" : ''));
}

sub kind {
    my ($domain, $name) = @_;
    my $found = $state{domain}{$domain}{name}{$name};
    return $found ? $found->{kind} : '';
}

sub entry {
    my ($kind, $domain, $name) = @_;
    domain($domain);
    my $present = kind($domain, $name);
    return $state{domain}{$domain}{name}{$name} if $present eq $kind;
    refuse('not-found', "$KIND{$kind} $name\@$domain does not exist" . ($present ? "; it is a $KIND{$present}" : ''));
}

sub user { return entry('user', @_) }

sub check_free {
    my ($domain, $name, $kind) = @_;
    my $present = kind($domain, $name) or return;
    refuse('already-exists', "$KIND{$kind} $name\@$domain already exists") if $present eq $kind;
    refuse('already-exists', "$name\@$domain already exists as a $KIND{$present}");
}

sub check_feature {
    my ($domain, $feature, $user) = @_;
    my ($what, $parameter) = @{ $FEATURE{$feature} };
    refuse('feature-disabled', "$what are disabled for domain $domain ($parameter is 0)")
        unless domain($domain)->{$feature};
    return if !defined $user || user($domain, $user)->{$feature};
    refuse('feature-disabled', "$what are disabled for user $user\@$domain (User$parameter is 0)");
}

# Where mail goes

sub found_at {
    my ($address) = @_;
    my ($local, $host) = $address =~ /^(.*)\@(.*)$/s;
    my $domain = owner_of_name($host) or return;
    my $name = kind($domain, $local) ? $local : $local =~ s/\+.*//sr;
    return kind($domain, $name) ? ($domain, $name) : ();
}

sub user_at {
    my ($domain, $name) = found_at(@_) or return '';
    my $found = $state{domain}{$domain}{name}{$name};
    return $found->{kind} eq 'user' ? "$name\@$domain" : $found->{kind} eq 'alias' ? "$found->{user}\@$domain" : '';
}

sub check_no_loop {
    my ($start) = @_;
    my (@waiting, %seen) = ($start);
    while (defined(my $current = shift @waiting)) {
        my ($name, $domain) = split /\@/, $current;
        my $user = $state{domain}{$domain}{name}{$name};
        next if $user->{keep_copy};
        for my $address (sort keys %{ $user->{forward} }) {
            my $target = user_at($address);
            refuse('forward-loop', "mail would run in a circle through $address, and nobody would keep a copy")
                if $target eq $start;
            push @waiting, $target if $target && !$seen{$target}++;
        }
    }
}

sub each_user {
    my ($work) = @_;
    for my $domain (sort keys %{ $state{domain} }) {
        for my $name (sort keys %{ $state{domain}{$domain}{name} }) {
            my $found = $state{domain}{$domain}{name}{$name};
            $work->("$name\@$domain", $found) if $found->{kind} eq 'user';
        }
    }
}

sub forget { # every list and catch-all that has one of these names of a domain, with any extension
    my ($domain, $lists, @names) = @_;
    my @hosts = ($domain, keys %{ $state{domain}{$domain}{alias} });
    my $names = join '|', map { quotemeta } @names;
    my $hosts = join '|', map { quotemeta } @hosts;
    my $gone = @names ? qr/^(?:$names)(?:\+.*)?\@(?:$hosts)$/s : qr/\@(?:$hosts)$/;
    for my $other (values %{ $state{domain} }) {
        $other->{catch_all} = '' if $other->{catch_all} =~ $gone;
        next unless $lists;
        for my $list (values %{ $other->{name} }) {
            delete $list->{member}{$_} for grep { $_ =~ $gone } keys %{ $list->{member} };
        }
    }
}

# Mail folders

sub check_real {
    my ($path, $use) = @_;
    my $part = '';
    for my $name (split m{/}, $path =~ s{^/}{}r) {
        $part .= "/$name";
        last unless -e $part || -l $part;
        my $reason = 'a part of it is a symbolic link or not a folder; give the real path';
        refuse('storage-failed', "$path cannot be $use: $reason")
            if -l $part || !-d $part;
    }
}

sub check_unused {
    my ($folder) = @_;
    check_real($folder, 'used');
    my @waiting = ($folder);
    while (defined(my $path = shift @waiting)) {
        opendir my $handle, $path or next;
        for my $name (grep { !/^\.\.?$/ } readdir $handle) {
            refuse('conflict', "the folder $folder holds files already; move them away first")
                if -l "$path/$name" || !-d _;
            push @waiting, "$path/$name";
        }
    }
}

sub remove {
    my ($folder) = @_;
    check_real($folder, 'removed');
    push @remove, $folder;
}

# What several commands do

sub insert_user {
    my ($domain, $name, $password, @rest) = @_;
    my $folder = domain($domain)->{storage} . "/$name";
    check_unused($folder);
    push @make, map { "$folder/Maildir/$_" } qw(cur new tmp);
    my %user = (kind => 'user', suspended => 0, keep_copy => 1, password => hashed($password));
    @user{qw(first_name middle_name last_name forwards autoresponders web_access)} = @rest;
    $state{domain}{$domain}{name}{$name} = \%user;
}

sub hashed {
    my ($password) = @_;
    open my $random, '<:raw', '/dev/urandom' or die $!;
    read $random, my $octets, 16;
    return crypt $password, '$6$' . unpack('H32', $octets) =~ s/(.{16}).*/$1/r;
}

sub users { return grep { $_->{kind} eq 'user' } values %{ domain($_[0])->{name} } }

sub check_name_free {
    my ($name) = @_;
    my $owner = owner_of_name($name) or return;
    refuse('already-exists', "domain $name already exists" . ($owner eq $name ? '' : " as an alias of $owner"));
}

sub show { print map { "$_\n" } sort @_ }

sub names_of_kind {
    my ($domain, $kind) = @_;
    my $names = domain($domain)->{name};
    show(grep { $names->{$_}{kind} eq $kind } keys %$names);
}

sub suspend {
    my ($thing, $suspended) = @_;
    $thing->{suspended} = $suspended;
}

my %do = (
    EAddDomain => sub {
        my ($name, $ip, $directory, $most, $owner, $password, $site, @flags) = @_;
        check_name_free($name);
        my $folder = "$directory/$name";
        for my $other (map { $_->{storage} } values %{ $state{domain} }) {
            refuse('conflict', "MailBoxDirectory: $folder overlaps $other, where another domain's mail is")
                if "$folder/" =~ m{^\Q$other\E/} || "$other/" =~ m{^\Q$folder\E/};
        }
        check_unused($folder);
        my %domain = (ip => $ip, site => $site, storage => $folder, most => $most, owner => $owner, suspended => 0);
        @domain{@FEATURES} = @flags;
        @domain{qw(directory made catch_all)} = ($directory, -d $directory ? 0 : 1, "$owner\@$name");
        $state{domain}{$name} = \%domain;
        insert_user($name, $owner, $password, '', '', '', 1, 1, 1);
    },
    EEditDomain => sub {
        my ($name, $most, @flags) = @_;
        my $domain = domain($name);
        my $count = users($name);
        refuse('limit-reached', "MaxMailBoxes: $count users exist in domain $name, more than the limit $most")
            if $most != -1 && $count > $most;
        $domain->{site} = shift @flags if @flags == 9;
        @$domain{ 'most', @FEATURES } = ($most, @flags);
    },
    ESuspendDomain => sub { suspend(domain($_[0]), 1) },
    EResumeDomain  => sub { suspend(domain($_[0]), 0) },
    EDeleteDomain  => sub {
        my ($name) = @_;
        my $domain = domain($name);
        remove($domain->{storage});
        push @remove, "?$domain->{directory}" if $domain->{made};
        forget($name, 1);
        delete $state{domain}{$name};
    },
    EGetMailURL => sub {
        my ($name) = @_;
        domain($name);
        my $url = setting('webmail.url', '')
            or refuse('not-configured', 'there is no web interface; the setting webmail.url names one');
        show($url =~ s/\{domain\}/$name/gr);
    },
    EChangeDomainIP => sub { domain($_[0])->{ip} = $_[1] },
    EAddDomainAlias => sub {
        my ($name, $alias) = @_;
        check_feature($name, 'domain_aliases');
        check_name_free($alias);
        $state{domain}{$name}{alias}{$alias} = 1;
        each_user(sub {
            my ($address, $user) = @_;
            for my $forward (grep { /\@\Q$alias\E$/ } keys %{ $user->{forward} }) {
                refuse('forward-loop', "a user forwards to $forward, which would be itself")
                    if user_at($forward) eq $address;
                check_no_loop($address);
            }
        });
    },
    EDeleteDomainAlias => sub {
        my ($name, $alias) = @_;
        delete domain($name)->{alias}{$alias} or refuse('not-found', "$alias is not an alias of domain $name");
    },
    EGetDomainAliasList => sub { show(keys %{ domain($_[0])->{alias} }) },
    EAddSpamFilter => sub {
        my ($name, $address, $type) = @_;
        check_feature($name, 'spam_filters');
        refuse('already-exists', "$type spam filter $address of domain $name already exists")
            if domain($name)->{filter}{$address}{$type}++;
    },
    EDeleteSpamFilter => sub {
        my ($name, $address) = @_;
        delete domain($name)->{filter}{$address} or refuse('not-found', "domain $name has no spam filter $address");
    },
    EGetSpamFilterList     => sub { show(keys %{ domain($_[0])->{filter} }) },
    EStartMailServer       => sub { },
    EStopMailServer        => sub { },
    EChangeNetworkSettings => sub {
        my ($old, $new) = ("$_[0] $_[1]", "$_[2] $_[3]");
        my $present = $state{server}{is} // $old;
        refuse('conflict', "the server is $present, neither the old $old nor the new $new")
            unless $present eq $old || $present eq $new;
        return if $present ne $old;
        $state{server}{is} = $new;
        for my $domain (values %{ $state{domain} }) {
            $domain->{ip} = $_[2] if $domain->{ip} eq $_[0];
        }
    },
    EAddUser => sub {
        my ($name, $user, @rest) = @_;
        my $most = domain($name)->{most};
        check_free($name, $user, 'user');
        refuse('limit-reached', "domain $name is full: MaxMailBoxes is $most") if $most != -1 && users($name) >= $most;
        insert_user($name, $user, @rest);
    },
    EEditUser => sub {
        my ($name, $user, $password, @rest) = @_;
        my $found = user($name, $user);
        @$found{qw(first_name middle_name last_name forwards autoresponders web_access)} = @rest;
        $found->{password} = hashed($password) if $password ne '';
    },
    ESuspendUser => sub { suspend(user(@_), 1) },
    EResumeUser  => sub { suspend(user(@_), 0) },
    EDeleteUser  => sub {
        my ($name, $user) = @_;
        user($name, $user);
        my $domain = domain($name);
        refuse('conflict', "user $user\@$name owns the domain and cannot be deleted while the domain exists")
            if $domain->{owner} eq $user;
        my @aliases = grep { ($domain->{name}{$_}{user} // '') eq $user } keys %{ $domain->{name} };
        remove("$domain->{storage}/$user");
        forget($name, 1, $user, @aliases);
        delete @{ $domain->{name} }{ $user, @aliases };
    },
    EAddUserAlias => sub {
        my ($name, $user, $alias) = @_;
        my $found = user($name, $user);
        check_feature($name, 'user_aliases');
        check_free($name, $alias, 'alias');
        $state{domain}{$name}{name}{$alias} = { kind => 'alias', user => $user };
        for my $forward (sort keys %{ $found->{forward} }) {
            refuse('forward-loop', "user $user\@$name forwards to $forward, which would be itself")
                if user_at($forward) eq "$user\@$name";
        }
        check_no_loop("$user\@$name");
    },
    EDeleteUserAlias => sub {
        my ($name, $user, $alias) = @_;
        user($name, $user);
        my $found = $state{domain}{$name}{name}{$alias};
        refuse('not-found', "$alias\@$name is not an alias of user $user\@$name")
            unless $found && ($found->{user} // '') eq $user;
        delete $state{domain}{$name}{name}{$alias};
        forget($name, 0, $alias);
    },
    EGetUserAliasList => sub {
        my ($name, $user) = @_;
        user($name, $user);
        my $names = domain($name)->{name};
        show(grep { ($names->{$_}{user} // '') eq $user } keys %$names);
    },
    EAddForward => sub {
        my ($name, $user, $address) = @_;
        my $found = user($name, $user);
        check_feature($name, 'forwards', $user);
        refuse('forward-loop', "UserForward: $address is user $user\@$name itself")
            if user_at($address) eq "$user\@$name";
        refuse('already-exists', "user $user\@$name already forwards to $address") if $found->{forward}{$address}++;
        $found->{keep_copy} = setting('forwards.keep_copy', 'true') eq 'true' ? 1 : 0;
        check_no_loop("$user\@$name");
    },
    EDeleteForward => sub {
        my ($name, $user, $address) = @_;
        delete user($name, $user)->{forward}{$address}
            or refuse('not-found', "user $user\@$name does not forward to $address");
    },
    EGetForwardList  => sub { show(keys %{ user(@_)->{forward} }) },
    ESetCatchallUser => sub {
        my ($name, $address) = @_;
        my $domain = domain($name);
        my ($host) = $address =~ /\@([^\@]*)$/;
        refuse('not-found', "CatchallUserEmailAddress: $address does not exist")
            if defined $host && owner_of_name($host) && !found_at($address);
        $domain->{catch_all} = $address;
    },
    EGetCatchallUser  => sub { show(grep { $_ ne '' } domain($_[0])->{catch_all}) },
    ESetAutoResponder => sub {
        my ($name, $user, $subject, $message) = @_;
        my $found = user($name, $user);
        check_feature($name, 'autoresponders', $user);
        $found->{reply} = { subject => $subject, message => $message };
    },
    EGetAutoResponder => sub {
        my $reply = user(@_)->{reply} or return;
        print "$reply->{subject}\n$reply->{message}";
    },
    EDeleteAutoResponder => sub { delete user(@_)->{reply} },
);
for (['DistributionList', 'distribution', 'distribution_lists'], ['MailingList', 'mailing', 'mailing_lists']) {
    my ($what, $kind, $feature) = @$_;
    $do{"EAdd$what"} = sub {
        my ($name, $list) = @_;
        check_feature($name, $feature);
        check_free($name, $list, $kind);
        $state{domain}{$name}{name}{$list} = { kind => $kind };
    };
    $do{"EDelete$what"} = sub {
        my ($name, $list) = @_;
        entry($kind, $name, $list);
        delete $state{domain}{$name}{name}{$list};
        forget($name, 1, $list);
    };
    $do{"EGet${what}List"} = sub { names_of_kind($_[0], $kind) };
    $do{"EAdd${what}Member"} = sub {
        my ($name, $list, @rest) = @_;
        my $found = entry($kind, $name, $list);
        my ($address, $display) = reverse @rest;
        check_feature($name, $feature);
        refuse('already-exists', "$address is a member of $KIND{$kind} $list\@$name already")
            if exists $found->{member}{$address};
        $found->{member}{$address} = $display // '';
    };
    $do{"EDelete${what}Member"} = sub {
        my ($name, $list, $address) = @_;
        my $found = entry($kind, $name, $list);
        refuse('not-found', "$address is not a member of $KIND{$kind} $list\@$name")
            unless exists $found->{member}{$address};
        delete $found->{member}{$address};
    };
    $do{"EGet${what}MemberList"} = sub { show(keys %{ entry($kind, @_)->{member} }) };
}

my $work = $do{$command} or refuse('not-supported', 'this add-on has no such command');
my @arguments = checked(@ARGV);
open my $lock, '>', "$home/lock" or refuse('storage-failed', "$home/lock cannot be opened: $!");
flock $lock, LOCK_EX or refuse('storage-failed', "$home/lock cannot be locked: $!");
load();
$work->(@arguments);
exit 0 if $command =~ /^EGet/;
make_path(@make, { mode => 0700 });
save();
for my $folder (@remove) {
    if ($folder =~ s/^\?//) {
        rmdir $folder;    # if it is empty
    }
    else {
        remove_tree($folder);
    }
}
