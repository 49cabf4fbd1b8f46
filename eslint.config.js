import stylistic from '@stylistic/eslint-plugin'
import { defineConfig } from 'eslint/config'
import typescript from 'typescript-eslint'

export default defineConfig(
  { ignores: ['dist/', '.tap/', '.gateway/', 'coverage/', 'src/client/schema.ts', 'src/client/replies.ts', 'test/fixtures/imports/'] },
  typescript.configs.strictTypeChecked,
  typescript.configs.stylisticTypeChecked,
  stylistic.configs.customize({ braceStyle: '1tbs', commaDangle: 'never', arrowParens: true }),
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@stylistic/max-len': ['error', { code: 130, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@stylistic/operator-linebreak': ['error', 'after', { overrides: { '?': 'before', ':': 'before', '|': 'before' } }],
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Fastify expects handlers and plugins to be async, even if they have nothing to await.
      '@typescript-eslint/require-await': 'off',
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'no-console': 'error'
    }
  },
  {
    files: ['src/**', 'plugins/**', 'routes/**'],
    rules: {
      'no-restricted-syntax': ['error', {
        selector: 'CallExpression[callee.property.name=/^(push|unshift|splice|concat|max|min|fromCharCode|fromCodePoint)$/] > SpreadElement',
        message: 'Each item becomes an argument, so a long list overflows the stack. Use a loop, or explain why the list is short.'
      }],
      '@typescript-eslint/no-restricted-imports': ['error', {
        name: '@fastify/type-provider-typebox',
        allowTypeImports: true,
        message: 'Import Type from @sinclair/typebox. This package loads a second copy of TypeBox, and its compiler, at the start.'
      }]
    }
  },
  {
    files: ['src/cli/**', 'src/local-backend/**'],
    // This file passes the streams to the commands, and handles the streams' own errors.
    ignores: ['src/cli/secretsctl.ts'],
    rules: {
      'no-restricted-properties': ['error', ...['stdout', 'stderr'].map((property) => (
        { object: 'process', property, message: 'Write through src/command-line/output.ts, which makes control characters visible.' }
      ))]
    }
  },
  { files: ['test/**', 'scripts/**', 'bench/**'], rules: { 'no-console': 'off', 'max-lines': 'off' } },
  {
    files: ['test/**'],
    rules: {
      '@stylistic/max-len': 'off',
      '@stylistic/max-statements-per-line': 'off',
      // tap waits for its own subtests.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: '@tapjs/core', name: 'test' }, { from: 'package', package: '@tapjs/test', name: 'test' }] }],
      '@typescript-eslint/no-misused-spread': 'off',
      // Tests may read any member of a reply's JSON.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off'
    }
  },
  // This file is a single table, which is easier to read as a whole.
  { files: ['src/aws-model/shapes.ts'], rules: { 'max-lines': 'off' } },
  { files: ['**/*.js'], extends: [typescript.configs.disableTypeChecked] },
  // The pages' scripts have their types in comments, which tsconfig.pages.json checks and this rule does not read.
  { files: ['src/pages/**'], rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' } }
)
