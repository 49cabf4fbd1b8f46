import { partitionInArn, partitionOf } from '#src/aws-model/partitions'

const commercial = 'aws'

/** Returns the partition of the ARNs in a region. Regions that AWS does not have belong to the partition `aws`. */
export const partitionIn = (region: string): string => partitionOf(region) ?? commercial

/** Returns the partition of an ARN, such as `aws-cn`. */
export const partitionWith = (arn: string): string => partitionInArn(arn) ?? commercial
