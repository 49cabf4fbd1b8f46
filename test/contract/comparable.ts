import type { Reply } from '#test/helper'

/** Removes the parts that may differ between any two replies: names, random IDs, times and the rest of the rate limit. */
export const comparable = ({ status, headers, text }: Reply, name: string): (string | number)[] => [status, ...[JSON.stringify([...headers]), text].map((part) => part
  .replaceAll(name, 'NAME')
  .replace(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID')
  .replace(/(?<=secret:[\w/-]+-)\w{6}\b/g, 'RANDOM')
  .replace(/"(?:date|ratelimit-remaining|ratelimit-reset)","[^"]*"/g, ''))]
