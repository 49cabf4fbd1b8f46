import { hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { prepareDataFolder } from './data-folder.ts'
import { openDatabase, type Database } from './database.ts'
import type { KmsKeys } from './kms-keys.ts'
import { loadMasterKey } from './master-key.ts'
import { migrate } from './migrations.ts'
import { keyBytes, seal, unseal } from './sealing.ts'

/** The backend's storage: the database, and the keys that protect its contents. */
export interface Store {
  database: Database
  /**
   * Encrypts the key material of customer managed KMS keys. It also serves as the key material of the AWS managed key: it
   * encrypts the data keys of secrets without a customer managed key.
   */
  masterKey: Uint8Array
  kmsKeys: KmsKeys
  /** Encrypts page tokens. It is derived from the master key. */
  pageTokenKey: Uint8Array
}

const proofContext = ['master-key']

/**
 * Opens the store in a folder, which is created if it doesn't exist. Without a folder, keeps everything in memory.
 *
 * @throws Error that names the remedy, if the folder, the master key or the database can't be used
 */
export function openStore (dataDir: string | undefined, kmsKeys: KmsKeys): Store {
  if (dataDir === undefined) return open(undefined, randomBytes(keyBytes), 'of this run', kmsKeys)
  prepareDataFolder(dataDir)
  const databaseFile = join(dataDir, 'secrets.sqlite')
  const keyFile = join(dataDir, 'master.key')
  // Creates the key before the database, so a process that is killed in between can't leave a database without a key.
  const masterKey = loadMasterKey(keyFile, databaseFile)
  try {
    return open(databaseFile, masterKey, keyFile, kmsKeys)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')) throw error
    throw new Error(`The database ${databaseFile} can't be used: ${error.message}. If it is damaged, put a saved copy back, or remove it and the master key to start with an empty one.`, { cause: error })
  }
}

function open (databaseFile: string | undefined, masterKey: Uint8Array, keyFile: string, kmsKeys: KmsKeys): Store {
  const database = openDatabase(databaseFile, (opened) => {
    opened.write((connection) => {
      migrate(connection)
      proveMasterKey(opened, masterKey, keyFile)
    })
  })
  const pageTokenKey = new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), 'page-token', keyBytes))
  return { database, masterKey, kmsKeys, pageTokenKey }
}

/**
 * In a new database, stores a ciphertext that was made with the master key. In an existing database, checks that the master key
 * decrypts the stored ciphertext.
 *
 * @throws Error that names the remedy, if the key doesn't belong to the database
 */
function proveMasterKey (database: Database, masterKey: Uint8Array, keyFile: string): void {
  const row = database.statement<{ proof: Uint8Array }>('SELECT proof FROM master_key').get({})
  if (row === undefined) {
    const proof = seal(masterKey, proofContext, Buffer.alloc(0))
    database.statement('INSERT INTO master_key (only_row, proof) VALUES (1, $proof)').run({ proof })
  } else if (unseal(masterKey, proofContext, row.proof) === undefined) {
    throw new Error(`The master key ${keyFile} does not belong to the database beside it. Put the right key back, or remove both files to start with an empty database.`)
  }
}
