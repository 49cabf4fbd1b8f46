import type { DatabaseSync } from 'node:sqlite'

/**
 * The database schema, as a list of migrations. A database's `user_version` is the number of migrations that have been applied to
 * it. Released migrations must never change. Times are in milliseconds since the epoch. Columns whose names end in `_on` contain
 * a day, stored as the time at which it starts in UTC.
 */
const migrations: readonly string[] = [`
  CREATE TABLE secrets (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    account_id   TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    arn          TEXT    NOT NULL UNIQUE,
    description  TEXT,
    kms_key_id   TEXT,
    type         TEXT,
    tagged       INTEGER NOT NULL DEFAULT 0,
    created_with TEXT    NOT NULL,
    data_key     BLOB    NOT NULL,
    created_at   INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL,
    accessed_on  INTEGER,
    deleted_at   INTEGER,
    purge_at     INTEGER,
    UNIQUE (account_id, region, name)
  ) STRICT;

  CREATE INDEX secrets_by_creation ON secrets (account_id, region, created_at, sequence);
  CREATE INDEX secrets_to_purge ON secrets (purge_at) WHERE purge_at IS NOT NULL;

  -- A rotation starts with a version that is labelled AWSPENDING and has no value yet.
  CREATE TABLE versions (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_id    TEXT    NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    version_id   TEXT    NOT NULL,
    value_member TEXT    CHECK (value_member IN ('SecretString', 'SecretBinary')),
    value        BLOB,
    kms_key_id   TEXT,
    created_at   INTEGER NOT NULL,
    accessed_on  INTEGER,
    UNIQUE (secret_id, version_id)
  ) STRICT;

  CREATE INDEX versions_by_age ON versions (secret_id, created_at);

  CREATE TABLE staging_labels (
    secret_id    TEXT    NOT NULL,
    stage        TEXT    NOT NULL,
    version_id   TEXT    NOT NULL,
    PRIMARY KEY (secret_id, stage),
    FOREIGN KEY (secret_id, version_id) REFERENCES versions (secret_id, version_id) ON DELETE CASCADE
  ) STRICT;

  CREATE INDEX staging_labels_by_version ON staging_labels (secret_id, version_id);

  CREATE TABLE tags (
    sequence     INTEGER PRIMARY KEY,
    secret_id    TEXT    NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    key          TEXT    NOT NULL,
    value        TEXT    NOT NULL,
    UNIQUE (secret_id, key)
  ) STRICT;

  CREATE TABLE master_key (
    only_row     INTEGER PRIMARY KEY CHECK (only_row = 1),
    proof        BLOB    NOT NULL
  ) STRICT;
`, `
  -- Each value is encrypted with its own data key, which one or more KMS keys wrap.
  CREATE TABLE data_keys (
    sequence     INTEGER PRIMARY KEY,
    secret_id    TEXT    NOT NULL,
    version_id   TEXT    NOT NULL,
    kms_key_arn  TEXT    NOT NULL,
    kms_key_id   TEXT,
    wrapped      BLOB    NOT NULL,
    UNIQUE (secret_id, version_id, kms_key_arn),
    FOREIGN KEY (secret_id, version_id) REFERENCES versions (secret_id, version_id) ON DELETE CASCADE
  ) STRICT;

  INSERT INTO data_keys (secret_id, version_id, kms_key_arn, kms_key_id, wrapped)
  SELECT secrets.id, version_id, format('arn:aws:kms:%s:%s:alias/aws/secretsmanager', region, account_id), versions.kms_key_id, data_key
  FROM versions JOIN secrets ON secrets.id = secret_id WHERE value IS NOT NULL;

  ALTER TABLE versions DROP COLUMN kms_key_id;
  ALTER TABLE secrets DROP COLUMN data_key;

  CREATE TABLE kms_keys (
    arn          TEXT    PRIMARY KEY,
    material     BLOB    NOT NULL
  ) STRICT;

  -- A replica is a separate secret in its region. When its primary secret changes, it is stale until it is updated.
  ALTER TABLE secrets ADD COLUMN primary_id TEXT REFERENCES secrets (id);
  ALTER TABLE secrets ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX secrets_by_primary ON secrets (primary_id) WHERE primary_id IS NOT NULL;
  CREATE INDEX stale_replicas ON secrets (primary_id) WHERE stale = 1;

  CREATE TABLE replications (
    primary_id   TEXT    NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    region       TEXT    NOT NULL,
    kms_key_id   TEXT,
    status       TEXT    NOT NULL CHECK (status IN ('InSync', 'Failed')),
    message      TEXT    NOT NULL,
    PRIMARY KEY (primary_id, region)
  ) STRICT;
`, `
  CREATE TABLE rotations (
    secret_id     TEXT    PRIMARY KEY REFERENCES secrets (id) ON DELETE CASCADE,
    function_arn  TEXT    NOT NULL,
    enabled       INTEGER NOT NULL,
    after_days    INTEGER,
    expression    TEXT,
    duration      TEXT,
    set_at        INTEGER NOT NULL,
    rotated_at    INTEGER,
    opens_at      INTEGER,
    closes_at     INTEGER
  ) STRICT;

  CREATE INDEX rotations_by_window ON rotations (opens_at) WHERE enabled = 1;
  CREATE INDEX versions_without_value ON versions (secret_id) WHERE value IS NULL;

  -- Claims expire by the system clock. All other times come from the backend's clock, which can be replaced.
  CREATE TABLE rotation_attempts (
    secret_id     TEXT    PRIMARY KEY REFERENCES rotations (secret_id) ON DELETE CASCADE,
    version_id    TEXT    NOT NULL,
    test_only     INTEGER NOT NULL,
    failures      INTEGER NOT NULL DEFAULT 0,
    due_at        INTEGER NOT NULL,
    claimed_by    TEXT,
    claimed_until INTEGER
  ) STRICT;
`, `
  CREATE TABLE resource_policies (
    secret_id    TEXT    PRIMARY KEY REFERENCES secrets (id) ON DELETE CASCADE,
    policy       TEXT    NOT NULL
  ) STRICT;
`, `
  -- A secret can have several resource policies. Callers can change only the one that is named default.
  CREATE TABLE named_policies (
    secret_id    TEXT    NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    policy       TEXT    NOT NULL,
    PRIMARY KEY (secret_id, name)
  ) STRICT;

  INSERT INTO named_policies (secret_id, name, policy) SELECT secret_id, 'default', policy FROM resource_policies;
  DROP TABLE resource_policies;
  ALTER TABLE named_policies RENAME TO resource_policies;

  -- The two sides of a replication between accounts belong to different owners, either of whom can end it.
  CREATE TABLE cross_account_primaries (
    replica_id   TEXT    PRIMARY KEY REFERENCES secrets (id) ON DELETE CASCADE,
    primary_arn  TEXT    NOT NULL,
    status       TEXT    NOT NULL CHECK (status IN ('InSync', 'Failed', 'Pending', 'Detached')),
    message      TEXT
  ) STRICT;

  CREATE TABLE cross_account_replicas (
    primary_id   TEXT    PRIMARY KEY REFERENCES secrets (id) ON DELETE CASCADE,
    replica_arn  TEXT    NOT NULL UNIQUE,
    role_arn     TEXT,
    status       TEXT    NOT NULL CHECK (status IN ('InSync', 'Failed', 'Detached')),
    message      TEXT,
    stale        INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE INDEX stale_cross_account_replicas ON cross_account_replicas (primary_id) WHERE stale = 1;
`, `
  -- Until then, the replication is in progress.
  ALTER TABLE replications ADD COLUMN settles_at INTEGER NOT NULL DEFAULT 0;
`]

/**
 * Migrates a database to the newest schema, inside the caller's transaction.
 *
 * @throws Error if the database has a newer schema than this program supports
 */
export function migrate (database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (version > migrations.length) {
    throw new Error(`The database has schema version ${version}, but this program supports only versions up to ${migrations.length}. Use the newer program that created it.`)
  }
  for (const step of migrations.slice(version)) database.exec(step)
  database.exec(`PRAGMA user_version = ${migrations.length}`)
}
