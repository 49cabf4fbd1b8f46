import { Help, Option, type HelpConfiguration } from 'commander'

const standard = new Help()

/** Matches what Commander adds about initial values of repeatable options, and about options that are given without a value. */
const internals = / \((?:default: (?:\[\]|\{\})|preset: [^)]*)\)$/

/** The option that the help lists. Commander doesn't know it, because it would take `read --version ID` for the same one. */
const version = new Option('-V, --version', 'print the version')

/** How the help differs from that of other programs that use Commander. */
export const helpStyle: HelpConfiguration = {
  showGlobalOptions: true,
  subcommandTerm: (command) => command.name(),
  visibleOptions: (command) => [...command.parent === null ? [version] : [], ...standard.visibleOptions(command)],
  optionDescription: (option) => standard.optionDescription(option).replace(internals, ''),
  argumentDescription: (argument) => standard.argumentDescription(argument).replace(internals, '')
}
