//! The examples at the end of each command's help.

pub const METACTL: &str = "\
Examples:
  metactl ns create main                 make the namespace that commands use by default
  metactl import /usr/share/doc /doc     import a real directory tree
  metactl ls -l /doc                     list it
  metactl put notes.txt /notes.txt       record one file's metadata
  metactl watch --json                   follow all changes from now on
  metactl status                         see who leads

Paths start from the root of the namespace, or from a node by its id, in quotes for the shell:
  metactl stat '#17'                     the node with id 17, wherever it is
  metactl ls '#17/a'                     what is in a under it
  metactl --ns '#3' ls                   namespaces have ids, too

Exit codes:
  0 done   1 refused or failed   2 wrong usage   3 unavailable   4 unknown outcome";

pub const LS: &str = "\
Examples:
  metactl ls -l /doc              with kinds, sizes, revs and times
  metactl ls -R --at 17 /doc      all that was under it at revision 17
  metactl ls --limit 100 --after b.txt /doc       a page, from after b.txt
  metactl ls --read any /doc      from whatever node answers";

pub const STAT: &str = "\
Examples:
  metactl stat /doc/a.txt
  metactl stat --json /doc/a.txt /doc/b.txt
  metactl stat '#17'              the node with this id

The shell takes what comes after a bare # for a comment: ids need quotes.";

pub const LOOKUP: &str = "\
The path is one of the namespace that the node is in.

Examples:
  metactl lookup '#17'
  metactl lookup --at 40 '#17'    where it was at revision 40
  metactl lookup --json /doc      its id, kind and namespace, too";

pub const TREE: &str = "\
What a mount shows is another namespace's tree: name the mount itself to see it.

Examples:
  metactl tree -L 2 /doc          two levels of it
  metactl tree --at 17 /doc       as it was at revision 17";

pub const MKDIR: &str = "\
Examples:
  metactl mkdir /a /b
  metactl mkdir -p /projects/moon/crew";

pub const PUT: &str = "\
Examples:
  metactl put notes.txt /doc/                   as /doc/notes.txt, whatever is there
  metactl put --create notes.txt /notes.txt     only if there is nothing
  metactl put --update 17 notes.txt /notes.txt  only if its rev is still 17
  metactl put --update 17 --autorename --client Ann notes.txt /notes.txt
                                                else as a conflicted copy beside it
  metactl put notes.txt '#17'                   of the file with this id

A file that is not here is put by its size and hash: see metactl batch --help.";

pub const MV: &str = "\
Examples:
  metactl mv /a.txt /b.txt
  metactl mv /a.txt /doc/         as /doc/a.txt
  metactl mv -f /new.txt /a.txt   in the place of the file that is there
  metactl mv '#17' '#9/'          into the directory with id 9, under its own name";

pub const CP: &str = "\
Examples:
  metactl cp /doc /doc-copy
  metactl cp --at 17 /doc/a.txt /a-of-then.txt     what was there at revision 17";

pub const LN: &str = "\
Example:
  metactl ln ../shared/a.txt /doc/a.txt";

pub const ATTR: &str = "\
Examples:
  metactl attr /a.txt color=red owner=ann     set two
  metactl attr /a.txt -d color                remove one
  metactl attr /a.txt --rev 17 color=blue     only if its rev is still 17
  metactl attr /a.txt --hex key=00ff          any bytes
  metactl attr /a.txt                         show them all";

pub const DU: &str = "\
Examples:
  metactl du
  metactl du --json /doc";

pub const QUOTA: &str = "\
A bound that is not said stays: it is read first. With no bounds, shows what there are.

Examples:
  metactl quota /doc --nodes 1000 --bytes 1000000000
  metactl quota /doc --nodes 2000             the bound of bytes stays
  metactl quota /doc --bytes none             no such bound any more
  metactl quota /doc                          show it
  metactl --ns photos quota / --nodes 1000    of a whole namespace";

pub const LOG: &str = "\
Prints rev, size, the beginning of the hash, and the name that it had.

Examples:
  metactl log /doc/a.txt
  metactl log --at 17 /doc/b.txt     of what was at that path at revision 17
  metactl log --before 17 --limit 5 /doc/a.txt    the five before rev 17";

pub const RESTORE: &str = "\
A path that had another name then is copied from there: metactl cp --at REVISION.

Examples:
  metactl restore /doc/a.txt 17      the content of then
  metactl restore /old 17            a directory that is gone, under new ids";

pub const RM: &str = "\
Examples:
  metactl rm /a.txt /b.txt
  metactl rm -r /doc";

pub const MOUNT: &str = "\
Examples:
  metactl ns create team
  metactl mount /team team
  metactl mv /draft.txt /team/draft.txt     to the other namespace, with its id";

pub const UNMOUNT: &str = "\
Example:
  metactl unmount /shared";

pub const DIFF: &str = "\
Prints + what was added, - what was removed, ~ what changed, > what was moved.

Examples:
  metactl diff 17                   what has changed since revision 17
  metactl diff --ns team before     since the snapshot `before` of the namespace `team`
  metactl diff --json 17 40         what differs between two revisions";

pub const IMPORT: &str = "\
Examples:
  metactl import /usr/share/doc /doc
  metactl import --in-flight 16 --timeout 1m photos /photos";

pub const WATCH: &str = "\
Each line begins with a cursor, to go on after. What mounts show is told by the journal of the
namespace that they show.

Examples:
  metactl watch                              from now on
  metactl watch --after 17.0                 after the change with this cursor
  metactl watch --from-start --count 10 --json";

pub const CURSOR: &str = "\
Example:
  cursor=$(metactl cursor); metactl tree --at ${cursor%.*}; metactl watch --after $cursor";

pub const WAIT: &str = "\
A long poll on any node; exits with 0 whether there are changes or not. Read them with `metactl
journal --after CURSOR`.

Examples:
  metactl wait --cursor 17.0 --timeout 60s
  metactl wait --json                           for the next change from now on";

pub const JOURNAL: &str = "\
With --json: the changes, the cursor to read on from, and whether that is the end.

Examples:
  metactl journal --after 17.0
  metactl journal --limit 10 --json";

pub const BATCH: &str = "\
One step a line; quotes as in a shell. Blank lines are left out, and lines that begin with `# `.
A later step sees the earlier ones. If one is refused, none is done, and its line is named.

  mkdir [-p] PATH                         put PATH SIZE HASH [OPTION]…
  mv [-f] FROM TO [rev=N]                 cp FROM TO [at=N]
  ln TARGET PATH                          rm [-r] PATH [rev=N]
  attr [-d NAME]… [-r REV] [-x] PATH NAME=VALUE…
  quota PATH [nodes=N|none] [bytes=N|none]
  restore PATH REVISION                   mount PATH NAMESPACE
  unmount PATH
  check PATH exists|absent|rev=N|kind=KIND|unchanged=REVISION

Of put: create, update=REV or overwrite (the default); autorename[=CLIENT], type=MEDIA-TYPE,
mtime=MILLISECONDS, blocks=HASH,HASH…, manifest=REFERENCE. Hashes are 64 hexadecimal digits.
Of attr: -d removes, -r fails unless the rev is this one, -x takes values in hex. A bound of a
quota that is not said stays as it is at that path before the batch.

Examples:
  metactl batch steps.txt
  printf 'check /a absent\\nmkdir /a\\nmv #17 /a/b\\n' | metactl batch --json";

pub const STATUS: &str = "\
Exits with 3 if no node knows a leader.

Examples:
  metactl status
  metactl status --hash                   replicas at the same revision have the same hash
  metactl status --json --endpoints 127.0.0.1:7101";

pub const SNAPSHOT: &str = "\
Examples:
  metactl snapshot create before
  metactl snapshot ls                 with the revisions to read at
  metactl ls --at 17 /doc
  metactl snapshot rm before";

pub const LOCK: &str = "\
A lock stops nobody by itself: writes that must not happen once it is lost carry its token.

Examples:
  token=$(metactl lock acquire /build --ttl 5m)
  metactl put out.tar /build/out.tar --fence /build=$token
  metactl lock renew /build $token --ttl 5m
  metactl lock release /build $token
  metactl lock ls --json";

pub const LOCK_ACQUIRE: &str = "\
Examples:
  token=$(metactl lock acquire /build --ttl 5m)
  metactl lock acquire /build --name nightly      another lock on the same path
  metactl lock acquire '#17'                      on a node, wherever it is moved";

pub const LOCK_RENEW: &str = "\
Example:
  metactl lock renew /build $token --ttl 5m";

pub const LOCK_RELEASE: &str = "\
Example:
  metactl lock release /build $token";

pub const LOCK_SHOW: &str = "\
Example:
  metactl lock show /build";

pub const LOCK_LS: &str = "\
Example:
  metactl lock ls --ns team";

pub const NS: &str = "\
Examples:
  metactl ns create photos --policy casefold --quota-bytes 1000000000
  metactl ns show photos
  metactl ns rename photos pictures
  metactl ns rm -r pictures";

pub const NS_LIST: &str = "\
Example:
  metactl ns ls --json";

pub const NS_CREATE: &str = "\
Examples:
  metactl ns create main
  metactl ns create photos --policy casefold --quota-bytes 1000000000";

pub const NS_RENAME: &str = "\
Example:
  metactl ns rename photos pictures";

pub const NS_UPDATE: &str = "\
A bound that is not said stays: it is read first.

Examples:
  metactl ns update photos --quota-bytes none
  metactl ns update photos --to pictures --quota-nodes 1000";

pub const NS_RM: &str = "\
Mounts of it stay, and lead nowhere.

Example:
  metactl ns rm -r pictures";

pub const NS_SHOW: &str = "\
Examples:
  metactl ns show photos
  metactl ns show '#3'            by its id";

pub const SNAPSHOT_LIST: &str = "\
Example:
  metactl snapshot ls";

pub const SNAPSHOT_CREATE: &str = "\
Example:
  metactl snapshot create before";

pub const SNAPSHOT_DELETE: &str = "\
Example:
  metactl snapshot rm before";

pub const DUMP: &str = "\
All at one revision, but for quotas: those that hold meanwhile. Not ids, revs, the past, journals
and locks. Others may write meanwhile. The last line says that it is complete.

Examples:
  metactl dump > all.jsonl
  metactl dump | zstd > all.jsonl.zst";

pub const LOAD: &str = "\
If it is interrupted, delete the namespaces that it has made, and load again.

Examples:
  metactl --endpoints 127.0.0.1:8101 load all.jsonl
  zstd -dc all.jsonl.zst | metactl load";

pub const BACKUP: &str = "\
A backup is one revision of all namespaces with their past, journals, snapshots, locks and
sessions. `metad restore` makes a new cluster of it.

Examples:
  metactl backup create /mnt/backups
  metactl backup list /mnt/backups
  metactl backup verify /mnt/backups

Of an object store with the S3 API, the environment tells the rest: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, and AWS_ENDPOINT of one that is not Amazon's;
AWS_ALLOW_HTTP=true if it has no TLS.";

pub const BACKUP_CREATE: &str = "\
If it is interrupted, give it again: what was written is not written twice.

Examples:
  metactl backup create /mnt/backups
  metactl backup create s3://bucket/metad
  metactl backup create /mnt/backups --journal      what came since the one before
  metactl backup create /mnt/backups --node 10.0.0.2:7101 --timeout 1m    of this node; it may be
                                                                          silent for a minute";

pub const BACKUP_LIST: &str = "\
Examples:
  metactl backup list /mnt/backups
  metactl backup list s3://bucket/metad --json";

pub const BACKUP_VERIFY: &str = "\
Examples:
  metactl backup verify /mnt/backups
  metactl backup verify /mnt/backups --backup home-123-1a2b3c4d";

pub const TOP: &str = "\
Examples:
  metactl top                     again each second
  metactl top -n 2 --json         two looks, for a program: the second one has rates";

pub const CLUSTER: &str = "\
One change at a time, and none that would leave too few voters that answer. A command that was
interrupted is completed by the same command again.

Examples:
  metactl cluster status
  metactl cluster add 10.0.0.4:7101             a learner: it follows, and does not vote
  metactl cluster promote 4                     it votes
  metactl cluster replace 2 10.0.0.5:7101       a new node in the place of node 2
  metactl cluster remove 4
  metactl cluster transfer-leader 1";

pub const CLUSTER_STATUS: &str = "\
Examples:
  metactl cluster status
  metactl cluster status --json";

pub const CLUSTER_ADD: &str = "\
Start the node first; it needs an address of the cluster, and takes a number that is free:
  metad serve --join 10.0.0.1:7101 --listen 10.0.0.4:7101 --data /var/lib/metad --insecure

Examples:
  metactl cluster add 10.0.0.4:7101
  metactl cluster add 10.0.0.4:7101 --timeout 1h    it has much to catch up with";

pub const CLUSTER_PROMOTE: &str = "\
Example:
  metactl cluster promote 4";

pub const CLUSTER_REMOVE: &str = "\
A leader hands its leadership over first.

Example:
  metactl cluster remove 4";

pub const CLUSTER_REPLACE: &str = "\
The new node catches up as a learner; then it votes and the other one is gone, at once.

Examples:
  metactl cluster replace 2 10.0.0.5:7101
  metactl cluster replace 2 10.0.0.5:7101 --timeout 1h    it has much to catch up with";

pub const CLUSTER_TRANSFER: &str = "\
Examples:
  metactl cluster transfer-leader
  metactl cluster transfer-leader 1";

pub const EXPLAIN: &str = "\
Examples:
  metactl explain                 all reasons
  metactl explain CONFLICT";

pub const COMPLETION: &str = "\
Example:
  metactl completion bash > ~/.local/share/bash-completion/completions/metactl";
