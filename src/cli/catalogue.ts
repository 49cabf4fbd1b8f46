import type { Command } from 'commander'
import type { GlobalOptions } from './global-options.ts'
import type { Terminal } from './terminal.ts'

/** Adds a command's arguments, options and action to it. The command already has its name and its description. */
export type Define = (command: Command, terminal: Terminal) => void

/** A command. Its module is loaded only when the command is used, so that every command starts fast. */
export interface Entry {
  name: string
  description: string
  /** The global options that would have no effect. They are refused, and the help does not list them. */
  unused?: readonly (keyof GlobalOptions)[]
  load: () => Promise<Define>
}

/** A group of subcommands, such as `secretsctl keys`. */
export interface Group {
  name: string
  description: string
  commands: readonly Entry[]
}

/** These commands have their own options for choosing environments, or need none. */
const namesEnvironments = ['env'] as const

/** The global options that make sense only for commands that call a gateway. */
const onlyWithGateway = ['env', 'profile', 'url', 'token'] as const

/** The commands, grouped under the headings of the help. */
export const sections: readonly { heading: string, unused?: Entry['unused'], commands: readonly (Entry | Group)[] }[] = [
  {
    heading: 'Setup:',
    commands: [
      {
        name: 'login',
        description: 'log in to a gateway once; the login is stored for all commands',
        unused: ['token'],
        load: async () => (await import('./commands/login.ts')).login
      },
      {
        name: 'logout',
        description: 'remove a stored login',
        unused: ['env', 'url', 'token'],
        load: async () => (await import('./commands/logout.ts')).logout
      },
      { name: 'whoami', description: 'show the gateway, what has chosen it, and who you are there', load: async () => (await import('./commands/whoami.ts')).whoami },
      { name: 'envs', description: 'list the environments that you can see', load: async () => (await import('./commands/envs.ts')).envs },
      {
        name: 'profiles',
        description: 'list the stored logins',
        unused: onlyWithGateway,
        load: async () => (await import('./commands/profiles.ts')).profiles
      },
      {
        name: 'use',
        description: 'make another profile the current one; --env sets its environment',
        unused: ['profile', 'url', 'token'],
        load: async () => (await import('./commands/use.ts')).use
      }
    ]
  },
  {
    heading: 'Secrets:',
    commands: [
      { name: 'create', description: 'create a secret', load: async () => (await import('./commands/create.ts')).create },
      { name: 'read', description: 'read a secret', load: async () => (await import('./commands/read.ts')).read },
      { name: 'update', description: 'write a new version of a secret', load: async () => (await import('./commands/update.ts')).update },
      {
        name: 'edit',
        description: 'change the value of a secret in your editor',
        load: async () => (await import('./commands/edit.ts')).edit
      },
      {
        name: 'delete',
        description: 'delete a secret, which can be restored during its recovery window',
        load: async () => (await import('./commands/delete.ts')).remove
      },
      { name: 'list', description: 'list the secrets of an environment', load: async () => (await import('./commands/list.ts')).list },
      {
        name: 'describe',
        description: 'show a secret\'s metadata, rotation and replicas, without its value',
        load: async () => (await import('./commands/describe.ts')).describe
      },
      { name: 'versions', description: 'list the versions of a secret', load: async () => (await import('./commands/versions.ts')).versions },
      { name: 'rollback', description: 'make an earlier version the current one', load: async () => (await import('./commands/rollback.ts')).rollback },
      {
        name: 'restore',
        description: 'restore a secret that is scheduled for deletion',
        load: async () => (await import('./commands/restore.ts')).restore
      },
      { name: 'rotate', description: 'rotate a secret now, set up its rotation, or turn it off', load: async () => (await import('./commands/rotate.ts')).rotate },
      { name: 'tag', description: 'set and remove a secret\'s tags', load: async () => (await import('./commands/tag.ts')).tag }
    ]
  },
  {
    heading: 'Many secrets:',
    commands: [
      {
        name: 'apply',
        description: 'create the secrets that a file lists; existing secrets stay unchanged, unless the file or --on-conflict specifies otherwise',
        load: async () => (await import('./commands/apply.ts')).apply
      },
      {
        name: 'import',
        description: 'create secrets from a file of variables (.env), JSON or YAML; shows the plan and asks first',
        load: async () => (await import('./commands/import.ts')).importFile
      },
      {
        name: 'diff',
        unused: namesEnvironments,
        description: 'show where environments differ; exits with 3 if they do, and with 4 if they only lack required secrets',
        load: async () => (await import('./commands/diff.ts')).diff
      },
      {
        name: 'posture',
        description: 'judge secrets by security rules; exits with 3 if one fails, and with 4 if none fails but one is not certain',
        load: async () => (await import('./commands/posture.ts')).posture
      },
      {
        name: 'promote',
        unused: namesEnvironments,
        description: 'copy secrets from one environment to another without revealing them',
        load: async () => (await import('./commands/promote.ts')).promote
      }
    ]
  },
  {
    heading: 'Programs:',
    commands: [
      {
        name: 'run',
        description: 'run a program with secrets in its environment; exits with the program\'s status, or with 125 to 127 if the program was not run',
        load: async () => (await import('./commands/run.ts')).runChild
      },
      { name: 'export', description: 'print the values of secrets as variables', load: async () => (await import('./commands/export.ts')).exportSecrets },
      {
        name: 'aws-credentials',
        description: 'print temporary keys for AWS\'s own protocol, as a credential_process of AWS\'s SDKs and CLI',
        unused: namesEnvironments,
        load: async () => (await import('./commands/aws-credentials.ts')).awsCredentials
      }
    ]
  },
  {
    heading: 'Without a gateway:',
    unused: onlyWithGateway,
    commands: [
      {
        name: 'iam-policy',
        description: 'print the IAM policy that the credential of an environment needs, and no more',
        load: async () => (await import('./commands/iam-policy.ts')).iamPolicyCommand
      },
      {
        name: 'doctor',
        description: 'check a configuration against AWS: credentials, accounts, permissions, endpoints, clock and quotas; exits with 1 if a check fails',
        load: async () => (await import('./commands/doctor.ts')).doctor
      },
      {
        name: 'local',
        description: 'run the embedded Secrets Manager; pass its options after "--" ("-- --help" lists them)',
        load: async () => (await import('./commands/local.ts')).local
      },
      {
        name: 'keys',
        description: 'create API keys',
        commands: [{
          name: 'create',
          description: 'create an API key offline; the gateway accepts it once its hash is in the configuration',
          load: async () => (await import('./commands/keys-create.ts')).keysCreate
        }]
      },
      {
        name: 'config',
        description: 'check the gateway\'s configuration file',
        commands: [{
          name: 'check',
          description: 'check a configuration file and the files it refers to, without starting the gateway',
          load: async () => (await import('./commands/config-check.ts')).configCheck
        }]
      },
      {
        name: 'policy',
        description: 'check and test the policies in a folder',
        commands: [
          {
            name: 'check',
            description: 'check the *.cedar files in a folder against the schema',
            load: async () => (await import('./commands/policy-check.ts')).policyCheck
          },
          {
            name: 'test',
            description: 'run the test cases in a folder\'s *.test.yaml files against its *.cedar files',
            load: async () => (await import('./commands/policy-test.ts')).policyTest
          }
        ]
      },
      {
        name: 'audit',
        description: 'verify and search the gateway\'s audit trail',
        commands: [
          {
            name: 'verify',
            description: 'detect changed, removed, reordered or truncated records in an audit trail',
            load: async () => (await import('./commands/audit-verify.ts')).auditVerify
          },
          {
            name: 'search',
            description: 'find out who did what, from an audit trail that is verified at the same time; exits with 1 if the trail is not intact',
            load: async () => (await import('./commands/audit-search.ts')).auditSearch
          }
        ]
      }
    ]
  }
]
