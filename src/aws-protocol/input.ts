import type { newerOperations, newerShapes, NewerOperation } from '#src/aws-model/newer'

type Shapes = typeof newerShapes

/** The input of an operation after validation. The type is derived from `newerOperations` and `newerShapes`. */
export type Input<Name extends NewerOperation> = Value<(typeof newerOperations)[Name]>

type Value<Shape> =
  Shape extends { enum: readonly (infer Member)[] } ? Member
    : Shape extends { type: 'string' } ? string
      : Shape extends { type: 'blob' } ? Uint8Array
        : Shape extends { type: 'integer' | 'long' } ? number
          : Shape extends { type: 'boolean' } ? boolean
            : Shape extends { type: 'list', member: infer Member } ? Named<Member>[]
              : Shape extends { members: infer Members, required: readonly (infer Required)[] } ? Structure<Members, Required>
                : Shape extends { members: infer Members } ? Structure<Members, never>
                  : never

type Named<Name> = Name extends keyof Shapes ? Value<Shapes[Name]> : never

type Structure<Members, Required> =
  & { [Key in keyof Members as Key extends Required ? Key : never]: Named<Members[Key]> } &
  { [Key in keyof Members as Key extends Required ? never : Key]?: Named<Members[Key]> }
