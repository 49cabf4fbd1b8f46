import { InvalidArgumentError } from 'commander'
import { actionGroups, actionNames, actionTable, isAction, type Action } from '#src/authorization/actions'

/** Parses a list of actions and action groups, separated by commas, and adds it to the previous ones. */
export function actionList (text: string, previous: readonly Action[] = []): Action[] {
  return [...previous, ...text.split(',').flatMap((name) => {
    if (isAction(name)) return [name]
    const ofGroup = actionNames.filter((action) => actionTable[action].group === name)
    if (ofGroup.length === 0) throw new InvalidArgumentError(`${name} is neither an action nor one of the groups ${actionGroups.join(', ')}.`)
    return ofGroup
  })]
}
