import { hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { prepareDataFolder } from './data-folder.ts'
import { openDatabase, type Database } from './database.ts'
import type { KmsKeys } from './kms-keys.ts'
import { loadMasterKey } from './master-key.ts'
import { migrate } from './migrations.ts'
import { keyBytes, seal, unseal } from './sealing.ts'

/** Where secrets are kept: the database, and the keys. */
export interface Store {
  database: Database
  /** Seals the material of KMS's keys, and the data keys that the key that AWS manages wraps. */
  masterKey: Uint8Array
  kmsKeys: KmsKeys
  /** Seals the tokens of pages; derived from the master key. */
  pageTokenKey: Uint8Array
}

const proofPlace = ['master-key']

/**
 * Opens the store in a folder, which is made (for its owner alone) where it isn't there yet; without a folder, in memory.
 *
 * Throws, with what to do about it, if the folder, the master key or the database can't be used.
 */
export function openStore (dataDir: string | undefined, kmsKeys: KmsKeys): Store {
  if (dataDir === undefined) return open(undefined, randomBytes(keyBytes), 'of this run', kmsKeys)
  prepareDataFolder(dataDir)
  const databaseFile = join(dataDir, 'secrets.sqlite')
  const keyFile = join(dataDir, 'master.key')
  // The key comes first: a program killed between the two leaves a key without a database, never the other way round.
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

/** A new database is given a proof of its key; an old one must have been given one by this very key. */
function proveMasterKey (database: Database, masterKey: Uint8Array, keyFile: string): void {
  const row = database.statement<{ proof: Uint8Array }>('SELECT proof FROM master_key').get({})
  if (row === undefined) {
    const proof = seal(masterKey, proofPlace, Buffer.alloc(0))
    database.statement('INSERT INTO master_key (only_row, proof) VALUES (1, $proof)').run({ proof })
  } else if (unseal(masterKey, proofPlace, row.proof) === undefined) {
    throw new Error(`The master key ${keyFile} is not the one that the database beside it was made with. Put that key back, or remove both files to start with an empty database.`)
  }
}
