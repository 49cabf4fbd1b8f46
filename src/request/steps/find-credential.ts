import type { Step } from '#src/request/step'

/** Finds the AWS credential in the path, if it is declared. */
export const findCredential = (isDeclared: (credentialId: string) => boolean): Step => ({ params }) => {
  const { id } = params as { id: string }
  return isDeclared(id) ? { credentialId: id } : undefined
}
