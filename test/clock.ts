let moved = 0
const now = performance.now.bind(performance)

/** Lets time pass for all code in this process that uses the monotonic clock. */
export function passTime (milliseconds: number): void {
  moved += milliseconds
  performance.now = () => now() + moved
}
