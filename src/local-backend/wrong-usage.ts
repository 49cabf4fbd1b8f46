/** A command line that is not understood; its message says what is wrong with it. */
export class WrongUsage extends Error {}
