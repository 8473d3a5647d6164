"""Users: mailboxes, aliases, forwards, autoresponders."""

import os

from ..errors import AlreadyExists, Conflict, ForwardLoop, LimitReached, NotFound
from .names import Domain, User, check_feature, check_free, get_domain, get_user, is_here, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import AutoResponder, AutoResponderSetting, Change, Forward, NewUser, UserAlias, UserChange
    from .store import Transaction


def check_new(tx: "Transaction", domain: Domain, name: str) -> None:
    """Make sure that a user can be added.

    Raises:
        AlreadyExists: something has the name.
        LimitReached: the domain has as many users as it may.
    """
    check_free(tx, domain, name, "user")
    if domain.mailboxes >= domain.max_mailboxes != -1:
        raise LimitReached(f"domain {domain.name} is full: MaxMailBoxes is {domain.max_mailboxes}")


def add(tx: "Transaction", new: "NewUser", password: str) -> None:
    """Add a user with an empty mailbox.

    Args:
        tx: the transaction.
        new: the user.
        password: hashed.

    Raises:
        NotFound: there is no such domain.
        AlreadyExists, LimitReached: as `check_new`.
        Conflict: the mailbox's folder holds files already.
        StorageFailed: it cannot be made.
    """
    domain = get_domain(tx, new.domain)
    check_new(tx, domain, new.user)
    names = (new.first_name, new.middle_name, new.last_name)
    insert_user(tx, domain, new.user, password, names, (new.forwards, new.autoresponders, new.web_access))


def insert_user(
    tx: "Transaction",
    domain: Domain,
    name: str,
    password: str,
    names: tuple[str, str, str],
    features: tuple[bool, bool, bool],
) -> int:
    """Add the rows and the folders of a user whose name is free; its id.

    Raises:
        Conflict, StorageFailed: as `add`.
    """
    home = os.path.join(domain.storage, name)
    if is_here(tx, domain) and home not in tx.journal.gone:
        check_unused(home)
    user_id = tx.insert("address", domain_id=domain.id, local_part=name, kind="user", created=tx.now)
    tx.insert(
        "user",
        id=user_id,
        domain_id=domain.id,
        password=password,
        first_name=names[0],
        middle_name=names[1],
        last_name=names[2],
        suspended=0,
        keep_copy=1,
        forwards=int(features[0]),
        autoresponders=int(features[1]),
        web_access=int(features[2]),
        created=tx.now,
        changed=tx.now,
    )
    if is_here(tx, domain):
        tx.journal.make_maildir(home, domain.storage)
    return user_id


def check_unused(folder: str) -> None:
    """Make sure that a folder has no files: mail of somebody else must not turn up in a new mailbox.

    Raises:
        Conflict: it has.
        StorageFailed: it cannot be read.
    """
    from . import storage

    try:
        used = storage.has_files(folder)
    except OSError as error:
        raise storage.refused("used", folder, error) from None
    if used:
        raise Conflict(f"the folder {folder} holds files already; move them away first")


def edit(tx: "Transaction", change: "UserChange", password: str) -> "Change":
    """Replace a user's fields.

    Args:
        tx: the transaction.
        change: the new values.
        password: hashed, or "" to keep the present one.

    Raises:
        NotFound: there is no such user.
    """
    user = get_user(tx, get_domain(tx, change.domain), change.user)
    after: dict[str, object] = {
        "first_name": change.first_name,
        "middle_name": change.middle_name,
        "last_name": change.last_name,
        "forwards": int(change.forwards),
        "autoresponders": int(change.autoresponders),
        "web_access": int(change.web_access),
    }
    if password:
        tx.run("UPDATE user SET password = ? WHERE id = ?", password, user.id)
    return update(tx, user, after)


def update(tx: "Transaction", user: User, after: "dict[str, object]") -> "Change":
    """Set columns of a user, other than the password."""
    from ..records import Change

    columns = ", ".join(f"{column} = ?" for column in after)
    tx.run(f"UPDATE user SET {columns}, changed = ? WHERE id = ?", *after.values(), tx.now, user.id)  # noqa: S608
    return Change(before={column: getattr(user, column) for column in after}, after=after)


def password_hash(tx: "Transaction", domain: str, name: str) -> str:
    """The stored hash of a user's password, `{SCHEME}hash`.

    Raises:
        NotFound: there is no such user.
    """
    user = get_user(tx, get_domain(tx, domain), name)
    (found,) = tx.column("SELECT password FROM user WHERE id = ?", user.id)
    return str(found)


def set_suspended(tx: "Transaction", domain: str, name: str, *, suspended: bool) -> "Change":
    """Suspend or resume a user.

    Raises:
        NotFound: there is no such user.
    """
    return update(tx, get_user(tx, get_domain(tx, domain), name), {"suspended": int(suspended)})


def delete(tx: "Transaction", domain_name: str, name: str) -> None:
    """Delete a user with aliases, forwards, autoresponder and mail; it leaves all lists and catch-alls.

    Raises:
        NotFound: there is no such user.
        Conflict: it owns the domain.
        StorageFailed: its mail cannot be removed; then nothing is.
    """
    domain = get_domain(tx, domain_name)
    user = get_user(tx, domain, name)
    if user.id == domain.owner_id:
        raise Conflict(f"user {name}@{domain.name} owns the domain and cannot be deleted while the domain exists")
    from . import routing

    gone = [name, *_alias_names(tx, domain, user)]
    routing.leave_lists(tx, domain, gone)
    routing.clear_catch_alls(tx, domain, gone)
    tx.run("DELETE FROM address WHERE id = ?", user.id)
    if is_here(tx, domain):
        # Beside where it is: whoever may not write to a folder may rename it, but not move it to another.
        tx.journal.remove(os.path.join(domain.storage, name), domain.storage)


def _alias_names(tx: "Transaction", domain: Domain, user: User) -> list[str]:
    return tx.column(
        "SELECT local_part FROM address WHERE domain_id = ? AND user_id = ? ORDER BY local_part", domain.id, user.id
    )


def aliases(tx: "Transaction", domain_name: str, name: str) -> list[str]:
    """A user's other local parts.

    Raises:
        NotFound: there is no such user.
    """
    domain = get_domain(tx, domain_name)
    return _alias_names(tx, domain, get_user(tx, domain, name))


def add_alias(tx: "Transaction", request: "UserAlias") -> None:
    """Give a user another local part.

    Raises:
        NotFound: there is no such user.
        AlreadyExists: something in the domain has the name.
        FeatureDisabled: users of the domain may have no aliases.
        ForwardLoop: the user's mail would run in a circle.
    """
    domain = get_domain(tx, request.domain)
    user = get_user(tx, domain, request.user)
    check_feature(domain, "user_aliases")
    check_free(tx, domain, request.alias, "alias")
    insert_alias(tx, domain, user, request.alias)


def insert_alias(tx: "Transaction", domain: Domain, user: User, alias: str) -> None:
    """Give a user another local part, which is free.

    Raises:
        ForwardLoop: as `add_alias`.
    """
    from . import routing

    tx.insert("address", domain_id=domain.id, local_part=alias, kind="alias", user_id=user.id, created=tx.now)
    for local_part, host in tx.all("SELECT local_part, domain FROM forward WHERE user_id = ?", user.id):
        if routing.user_at(tx, local_part, host) == user.id:
            raise ForwardLoop(f"user {user.name}@{domain.name} forwards to {local_part}@{host}, which would be itself")
    routing.check_no_loop(tx, user.id)


def delete_alias(tx: "Transaction", request: "UserAlias") -> None:
    """Take a local part from a user.

    Raises:
        NotFound: there is no such user, or it is not one of its aliases.
    """
    domain = get_domain(tx, request.domain)
    user = get_user(tx, domain, request.user)
    deleted = tx.run(
        "DELETE FROM address WHERE domain_id = ? AND local_part = ? AND kind = 'alias' AND user_id = ?",
        domain.id,
        request.alias,
        user.id,
    )
    if not deleted:
        raise NotFound(f"{request.alias}@{domain.name} is not an alias of user {user.name}@{domain.name}")
    from . import routing

    routing.clear_catch_alls(tx, domain, [request.alias])


def forwards(tx: "Transaction", domain_name: str, name: str) -> list[str]:
    """The addresses that a user's mail is forwarded to.

    Raises:
        NotFound: there is no such user.
    """
    user = get_user(tx, get_domain(tx, domain_name), name)
    return tx.column("SELECT local_part || '@' || domain FROM forward WHERE user_id = ?", user.id)


def add_forward(tx: "Transaction", request: "Forward", *, keep_copy: bool) -> None:
    """Forward a user's mail to an address.

    Args:
        tx: the transaction.
        request: whose mail, and where to.
        keep_copy: whether the mailbox keeps a copy of each message from now on.

    Raises:
        NotFound: there is no such user.
        AlreadyExists: it forwards there already.
        FeatureDisabled: the domain or the user may not forward.
        ForwardLoop: the address is the user's own, or mail would run in a circle that nobody keeps a copy of.
    """
    domain = get_domain(tx, request.domain)
    user = get_user(tx, domain, request.user)
    check_feature(domain, "forwards", user)
    if not insert_forward(tx, domain, user, request.address, keep_copy=keep_copy):
        raise AlreadyExists(f"user {user.name}@{domain.name} already forwards to {request.address}")


def insert_forward(tx: "Transaction", domain: Domain, user: User, address: str, *, keep_copy: bool) -> bool:
    """Forward a user's mail to an address; whether it did not before.

    Raises:
        ForwardLoop: as `add_forward`.
    """
    from . import routing

    local_part, host = split(address)
    if routing.user_at(tx, local_part, host) == user.id:
        raise ForwardLoop(f"{address} is user {user.name}@{domain.name} itself", parameter="UserForward")
    if not tx.insert_new("forward", user_id=user.id, domain=host, local_part=local_part):
        return False
    tx.run("UPDATE user SET keep_copy = ? WHERE id = ?", int(keep_copy), user.id)
    routing.check_no_loop(tx, user.id)
    return True


def delete_forward(tx: "Transaction", request: "Forward") -> None:
    """Stop forwarding a user's mail to an address.

    Raises:
        NotFound: there is no such user, or it does not forward there.
    """
    domain = get_domain(tx, request.domain)
    user = get_user(tx, domain, request.user)
    local_part, host = split(request.address)
    deleted = tx.run(
        "DELETE FROM forward WHERE user_id = ? AND domain = ? AND local_part = ?", user.id, host, local_part
    )
    if not deleted:
        raise NotFound(f"user {user.name}@{domain.name} does not forward to {request.address}")


def set_autoresponder(tx: "Transaction", request: "AutoResponderSetting") -> "Change":
    """Set the reply that a user's mailbox sends, in place of an earlier one.

    Raises:
        NotFound: there is no such user.
        FeatureDisabled: the domain or the user may have no autoresponder.
    """
    from ..records import Change

    domain = get_domain(tx, request.domain)
    user = get_user(tx, domain, request.user)
    check_feature(domain, "autoresponders", user)
    before = _autoresponder(tx, user)
    replace_autoresponder(tx, user, request.subject, request.message)
    return Change(
        before=before.as_dict() if before else None, after={"subject": request.subject, "message": request.message}
    )


def replace_autoresponder(tx: "Transaction", user: User, subject: str, message: str) -> None:
    """Store a user's reply."""
    tx.run("DELETE FROM autoresponder WHERE user_id = ?", user.id)
    tx.insert("autoresponder", user_id=user.id, subject=subject, message=message, changed=tx.now)


def autoresponder(tx: "Transaction", domain: str, name: str) -> "AutoResponder | None":
    """The reply that a user's mailbox sends, or None.

    Raises:
        NotFound: there is no such user.
    """
    return _autoresponder(tx, get_user(tx, get_domain(tx, domain), name))


def _autoresponder(tx: "Transaction", user: User) -> "AutoResponder | None":
    from ..records import AutoResponder

    row = tx.one("SELECT subject, message FROM autoresponder WHERE user_id = ?", user.id)
    return AutoResponder(subject=row[0], message=row[1]) if row else None


def delete_autoresponder(tx: "Transaction", domain: str, name: str) -> None:
    """Delete a user's reply, if there is one.

    Raises:
        NotFound: there is no such user.
    """
    user = get_user(tx, get_domain(tx, domain), name)
    tx.run("DELETE FROM autoresponder WHERE user_id = ?", user.id)
