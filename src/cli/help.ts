import { Help, Option, type HelpConfiguration } from 'commander'

const standard = new Help()

/** Matches Commander's notes about initial values of repeatable options, and about options without a value. */
const internals = / \((?:default: (?:\[\]|\{\})|preset: [^)]*)\)$/

/** The option that the help lists. Commander doesn't know this option, because it would mistake `read --version ID` for it. */
const version = new Option('-V, --version', 'print the version')

/** The differences between the help and Commander's default. */
export const helpStyle: HelpConfiguration = {
  showGlobalOptions: true,
  subcommandTerm: (command) => command.name(),
  visibleOptions: (command) => [...command.parent === null ? [version] : [], ...standard.visibleOptions(command)],
  optionDescription: (option) => standard.optionDescription(option).replace(internals, ''),
  argumentDescription: (argument) => standard.argumentDescription(argument).replace(internals, '')
}
