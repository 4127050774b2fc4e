BEGIN TRANSACTION;
CREATE TABLE events (
        account TEXT NOT NULL, user TEXT NOT NULL, n INTEGER NOT NULL CHECK (n >= 1),
        kind TEXT NOT NULL, schema INTEGER NOT NULL, data TEXT NOT NULL, sealed TEXT NOT NULL, mac BLOB NOT NULL,
        PRIMARY KEY (account, user, n));
INSERT INTO "events" VALUES('123456789012','jada',1,'Adopted',1,'{"account":"123456789012","at":1800000000,"consumers":["relay","news","admin"],"key":"AKIAOLDOLDOLDOLDOLD0","sealed":true,"user":"jada","user_id":"AIDAJADA"}','[["AKIAOLDOLDOLDOLDOLD0","us-east-1","c6ce4dacbbe42f261639665df5834aba56daf6c97f3a8ccb80ec151e6af6d117"]]',X'77391B15D71C4374740FDC90DB296AF246C552D107A28B05B1F8EFB4CCB2DCEE');
INSERT INTO "events" VALUES('123456789012','jada',2,'RunOpened',1,'{"at":1800000000,"consumers":["relay","news","admin"],"mode":0,"old":"AKIAOLDOLDOLDOLDOLD0","reason":"","run":"run-1"}','[]',X'ACCB3A5CE66FA32A82C62CA11564875946F981BCCF46C10B0817202DD2F67D73');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('schema','1');
INSERT INTO "meta" VALUES('seal','28b68aeaacec5935');
CREATE TABLE probe (
        account TEXT NOT NULL, user TEXT NOT NULL, ciphertext BLOB NOT NULL, PRIMARY KEY (account, user));
CREATE TABLE runs (
        account TEXT NOT NULL, user TEXT NOT NULL, run TEXT NOT NULL,
        opened INTEGER NOT NULL, finished INTEGER, PRIMARY KEY (account, user, opened));
INSERT INTO "runs" VALUES('123456789012','jada','run-1',2,NULL);
CREATE TABLE vault (
        account TEXT NOT NULL, user TEXT NOT NULL, key_id TEXT NOT NULL, field TEXT NOT NULL,
        ciphertext BLOB NOT NULL, PRIMARY KEY (account, user, key_id, field));
INSERT INTO "vault" VALUES('123456789012','jada','AKIAOLDOLDOLDOLDOLD0','us-east-1',X'52530128B68AEAACEC5935BA4CC3C1D75211555AF32D8A98DD7718ABE17E3141E09F1FAECBC427BA899C496D8B2C5C53E9E664DFF6779A968C28E681A1F831928EAAF88580D8B4F65FBC95290EE1CE7E43ECF4');
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE UNIQUE INDEX one_open_run_per_user ON runs (account, user) WHERE finished IS NULL;
COMMIT;
