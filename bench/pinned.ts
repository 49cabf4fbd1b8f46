import { spawnSync } from 'node:child_process'

/** Pins a process with all its threads to one core, where the machine has `taskset`; else it runs where the system puts it. */
export function onCore (pid: number | undefined, core: number): void {
  spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)], { stdio: 'ignore' })
}
