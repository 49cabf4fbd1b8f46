/**
 * Splits a string into lower-case words, as AWS's search does: at every character that is neither a letter nor a digit, and at
 * changes of case. After several capitals, the last one begins the next word: `COMPANYthings` becomes `compan` and `ythings`.
 */
export function words (text: string): string[] {
  return text
    .split(/[^\p{L}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase())
}
