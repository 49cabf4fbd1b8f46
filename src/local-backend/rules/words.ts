/**
 * Splits a text into the words that AWS searches by, in lower case. It splits at every character that is neither a letter nor a
 * digit, and where the case changes (`COMPANYthings` becomes `compan` and `ythings`).
 */
export function words (text: string): string[] {
  return text
    .split(/[^\p{L}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase())
}
