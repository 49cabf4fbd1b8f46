/** Who sends a request, once that is proved. */
export interface Caller {
  readonly id: string
  readonly groups: readonly string[]
}
