import { spawnSync } from 'node:child_process'

/** Pins all threads of a process to one core. Does nothing on machines without `taskset`. */
export function pinToCore (pid: number | undefined, core: number): void {
  spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', String(core), String(pid)], { stdio: 'ignore' })
}
