import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'

/** A disk for one table, that a test fills and frees. */
export interface Disk extends AsyncDisposable {
  fill(): Promise<void>
  free(): Promise<void>
}

/**
 * Puts `table`, which is empty, on a file system of 1 MB of its own. Undefined where this machine, or a server that is
 * elsewhere, does not allow it: only root may mount one.
 */
export async function smallDisk(pool: pg.Pool, table: string): Promise<Disk | undefined> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pigeonhole-disk-'))
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', folder])
  if (mount.status !== 0) {
    rmSync(folder, { recursive: true })
    return undefined
  }
  const tablespace = `disk_${randomBytes(4).toString('hex')}`
  const ballast = path.join(folder, 'ballast')
  const unmount = (): void => {
    spawnSync('umount', [folder])
    rmSync(folder, { recursive: true })
  }
  try {
    const { rows } = await pool.query('SHOW data_directory')
    const { uid, gid } = statSync(rows[0].data_directory)
    chownSync(folder, uid, gid)
    await pool.query(`CREATE TABLESPACE ${tablespace} LOCATION '${folder}'`)
  } catch {
    unmount()
    return undefined
  }
  await pool.query(`ALTER TABLE ${table} SET TABLESPACE ${tablespace}`)
  return {
    fill: async () => fillUp(ballast),
    free: async () => rmSync(ballast),
    async [Symbol.asyncDispose]() {
      rmSync(ballast, { force: true })
      await pool.query(`ALTER TABLE ${table} SET TABLESPACE pg_default`)
      await pool.query(`DROP TABLESPACE ${tablespace}`)
      unmount()
    },
  }
}

function fillUp(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4_096))
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ENOSPC') throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Weaker, and possible everywhere: the server says of each insert into `table` that the disk is full. */
export async function saidToBeFull(pool: pg.Pool, table: string): Promise<Disk> {
  await pool.query(
    `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
     AS $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
  )
  const free = async (): Promise<void> =>
    void (await pool.query(`DROP TRIGGER IF EXISTS full_disk ON ${table}`))
  return {
    async fill() {
      await pool.query(
        `CREATE TRIGGER full_disk BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION full_disk()`,
      )
    },
    free,
    [Symbol.asyncDispose]: free,
  }
}
