import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, type Database } from './database.ts'
import { loadMasterKey } from './master-key.ts'
import { migrate } from './migrations.ts'
import { keyBytes, seal, unseal } from './sealing.ts'

/** Where secrets are kept: the database, and the key that their own keys are sealed with. */
export interface Store {
  database: Database
  masterKey: Uint8Array
}

const proofPlace = ['master-key']

/**
 * Opens the store in a folder, which is made (for its owner alone) where it isn't there yet; without a folder, in memory.
 *
 * Throws, with what to do about it, if the master key or the database can't be used.
 */
export function openStore (dataDir?: string): Store {
  if (dataDir === undefined) return prepare(openDatabase(), randomBytes(keyBytes), 'of this run')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const databaseFile = join(dataDir, 'secrets.sqlite')
  const keyFile = join(dataDir, 'master.key')
  // The key comes first: a program killed between the two leaves a key without a database, never the other way round.
  const masterKey = loadMasterKey(keyFile, databaseFile)
  return prepare(openDatabase(databaseFile), masterKey, keyFile)
}

function prepare (database: Database, masterKey: Uint8Array, keyFile: string): Store {
  try {
    database.transaction((connection) => {
      migrate(connection)
      proveMasterKey(database, masterKey, keyFile)
    })
    return { database, masterKey }
  } catch (error) {
    database.close()
    throw error
  }
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
