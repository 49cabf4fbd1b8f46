/**
 * AWS's partitions and their regions, as in the AWS SDK (`test/contract/partitions.test.ts` compares them). A partition is an AWS
 * of its own: accounts, credentials and ARNs of one are unknown in the others.
 */
const partitions: Readonly<Record<string, readonly string[]>> = {
  aws: [
    'af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-south-2',
    'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7',
    'ca-central-1', 'ca-west-1', 'eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1',
    'eu-west-2', 'eu-west-3', 'il-central-1', 'me-central-1', 'me-south-1', 'me-west-1', 'mx-central-1', 'sa-east-1',
    'sa-west-1', 'us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'
  ],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
  'aws-eusc': ['eusc-de-east-1'],
  'aws-iso': ['us-iso-east-1', 'us-iso-west-1'],
  'aws-iso-b': ['us-isob-east-1', 'us-isob-west-1'],
  'aws-iso-e': ['eu-isoe-west-1'],
  'aws-iso-f': ['us-isof-east-1', 'us-isof-south-1'],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1']
}

const partitionByRegion: ReadonlyMap<string, string> = new Map(
  Object.entries(partitions).flatMap(([partition, regions]) => regions.map((region) => [region, partition]))
)

/** All regions of AWS, of all partitions. */
export const regions: readonly string[] = [...partitionByRegion.keys()]

/** Returns the partition that a region belongs to, such as `aws-cn`, or undefined if AWS has no such region. */
export const partitionOf = (region: string): string | undefined => partitionByRegion.get(region)

/** Returns the partition in an ARN, or undefined if the text is not an ARN. */
export const partitionInArn = (text: string): string | undefined => /^arn:([^:]+):.*$/s.exec(text)?.[1]
