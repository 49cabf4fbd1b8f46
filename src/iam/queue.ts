/** A queue of `cache.events`. */
export interface QueueSettings {
  readonly queueUrl: string
  readonly region: string
  readonly credential: string
}

/** Returns a queue's ARN, or undefined if its URL does not end with an account and a name, as SQS's URLs do. */
export function queueArn ({ queueUrl, region }: QueueSettings, partition: string): string | undefined {
  const [, account, name] = /^.*\/(\d{12})\/([\w.-]+)$/.exec(new URL(queueUrl).pathname) ?? []
  return account === undefined || name === undefined ? undefined : `arn:${partition}:sqs:${region}:${account}:${name}`
}
