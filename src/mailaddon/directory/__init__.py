"""The mail directory kit: domains, users, aliases, lists and filters in an SQL database, and their mail storage.

A library that a backend may use; it knows nothing of hooks or commands. `Directory` opens the database, an SQLite file
or one on a PostgreSQL server; its transactions run functions of the modules beside this one:

    domains, users, lists, filters, server    what the operations do
    routing, resolving, info                  where mail goes; what there is
    passwords                                 hashes that Dovecot verifies
    storage, journal                          mail folders, made and removed safely
    exporting, importing                      the archive format
    schema                                    tables and numbered migrations
    copying                                   a whole directory to another database

Guarantees: a transaction happens whole or not at all, in the database and in mail storage alike, also when the process
is killed at any instant (what is left over is put right by the next transaction). Any number of processes may read and
write at once; writers wait for each other. Limits: a file has to be on a local file system, as SQLite's WAL wants; on
PostgreSQL, mail storage belongs to the home whose commands made it.
"""

from .store import Directory, Transaction

__all__ = ["Directory", "Transaction"]
