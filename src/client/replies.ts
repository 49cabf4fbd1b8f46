// scripts/generate-client.ts generated this file from openapi.yaml.

import type { Shape } from './shapes.ts'

/** The shapes that other shapes refer to. */
export const shapes: Readonly<Record<string, Shape>> = {
  "Problem": {"type":"object","properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"number"},"detail":{"type":"string"},"instance":{"type":"string"},"code":{"type":"string"},"requestId":{"type":"string"},"awsRequestId":{"type":"string"},"errors":{"type":"array","items":{"type":"object","properties":{"in":{"type":"string"},"pointer":{"type":"string"},"message":{"type":"string"}},"required":["in","message","pointer"]}},"errorCount":{"type":"number"}},"required":["code","detail","instance","requestId","status","title","type"]},
  "BulkItemReply": {"type":"object","properties":{"name":{"type":"string"},"result":{"type":"string"},"arn":{"type":"string"},"versionId":{"type":"string"},"warnings":{"type":"array","items":{"type":"string"}},"problem":{"ref":"Problem"}},"required":["name","result"]},
  "BulkCreateReply": {"type":"object","properties":{"dryRun":{"type":"boolean"},"counts":{"type":"object","properties":{"created":{"type":"number"},"updated":{"type":"number"},"skipped":{"type":"number"},"restored":{"type":"number"},"failed":{"type":"number"},"rolledBack":{"type":"number"},"notStarted":{"type":"number"}},"required":["created","failed","notStarted","restored","rolledBack","skipped","updated"]},"stopped":{"type":"string"},"secretArnMap":{"type":"object","additionalProperties":{"type":"string"}},"items":{"type":"array","items":{"ref":"BulkItemReply"}}},"required":["counts","dryRun","items","secretArnMap"]},
  "Job": {"type":"object","properties":{"id":{"type":"string"},"state":{"type":"string"},"environment":{"type":"string"},"createdDate":{"type":"string"},"endedDate":{"type":"string"},"total":{"type":"number"},"done":{"type":"number"},"counts":{"type":"object","properties":{"created":{"type":"number"},"updated":{"type":"number"},"skipped":{"type":"number"},"restored":{"type":"number"},"failed":{"type":"number"},"rolledBack":{"type":"number"},"notStarted":{"type":"number"}},"required":["created","failed","notStarted","restored","rolledBack","skipped","updated"]},"secondsLeft":{"type":"number"},"status":{"type":"number"},"result":{"ref":"BulkCreateReply"},"problem":{"ref":"Problem"}},"required":["counts","createdDate","done","environment","id","state","total"]},
  "ConsistencyReport": {"type":"object","properties":{"environments":{"type":"array","items":{"type":"string"}},"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"differs":{"type":"boolean"},"environments":{"type":"object","additionalProperties":{"type":"object","properties":{"state":{"type":"string"},"required":{"type":"boolean"},"group":{"type":"number"},"problem":{"ref":"Problem"}},"required":["required","state"]}}},"required":["differs","environments","name"]}},"unaddressable":{"type":"object","additionalProperties":{"type":"number"}}},"required":["environments","items"]},
  "Environment": {"type":"object","properties":{"name":{"type":"string"},"region":{"type":"string"},"account":{"type":"string"},"credential":{"type":"string"},"allowedCredentials":{"type":"array","items":{"type":"string"}},"namePrefix":{"type":"string"},"kmsKeyId":{"type":"string"},"tags":{"type":"object","additionalProperties":{"type":"string"}},"replicaRegions":{"type":"array","items":{"type":"string"}},"recoveryWindowInDays":{"type":"number"},"deletionProtection":{"type":"boolean"},"requiredSecrets":{"type":"array","items":{"type":"string"}}},"required":["allowedCredentials","deletionProtection","name","namePrefix","recoveryWindowInDays","region","replicaRegions","requiredSecrets","tags"]},
  "PromotionReply": {"type":"object","properties":{"dryRun":{"type":"boolean"},"from":{"type":"string"},"counts":{"type":"object","properties":{"created":{"type":"number"},"updated":{"type":"number"},"unchanged":{"type":"number"},"skipped":{"type":"number"},"failed":{"type":"number"},"notStarted":{"type":"number"}},"required":["created","failed","notStarted","skipped","unchanged","updated"]},"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"result":{"type":"string"},"arn":{"type":"string"},"versionId":{"type":"string"},"fromVersionId":{"type":"string"},"problem":{"ref":"Problem"}},"required":["name","result"]}},"unaddressable":{"type":"number"}},"required":["counts","dryRun","from","items"]},
  "References": {"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"region":{"type":"string"},"field":{"type":"string"},"items":{"type":"array","items":{"type":"object","properties":{"format":{"type":"string"},"title":{"type":"string"},"language":{"type":"string"},"text":{"type":"string"},"unsupported":{"type":"string"}},"required":["format","language","title"]}}},"required":["arn","items","name","region"]},
  "SecretMetadata": {"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"state":{"type":"string"},"type":{"type":"string"},"description":{"type":"string"},"kmsKeyId":{"type":"string"},"tags":{"type":"object","additionalProperties":{"type":"string"}},"versions":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}},"rotation":{"type":"object","properties":{"enabled":{"type":"boolean"},"lambdaArn":{"type":"string"},"automaticallyAfterDays":{"type":"number"},"duration":{"type":"string"},"scheduleExpression":{"type":"string"},"lastRotatedDate":{"type":"string"},"nextRotationDate":{"type":"string"}},"required":["enabled"]},"createdDate":{"type":"string"},"lastChangedDate":{"type":"string"},"lastAccessedDate":{"type":"string"},"deletedDate":{"type":"string"},"owningService":{"type":"string"},"primaryRegion":{"type":"string"},"replicas":{"type":"array","items":{"type":"object","properties":{"region":{"type":"string"},"kmsKeyId":{"type":"string"},"status":{"type":"string"},"statusMessage":{"type":"string"},"lastAccessedDate":{"type":"string"}}}}},"required":["arn","name","state"]},
  "SecretValue": {"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"versionId":{"type":"string"},"versionStages":{"type":"array","items":{"type":"string"}},"createdDate":{"type":"string"},"encoding":{"type":"string"},"value":{"type":"string"}},"required":["arn","createdDate","encoding","name","value","versionId","versionStages"]},
  "SecretVersion": {"type":"object","properties":{"versionId":{"type":"string"},"hasValue":{"type":"boolean"},"versionStages":{"type":"array","items":{"type":"string"}},"createdDate":{"type":"string"},"lastAccessedDate":{"type":"string"},"kmsKeyIds":{"type":"array","items":{"type":"string"}}},"required":["versionId"]},
  "WrittenSecret": {"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"versionId":{"type":"string"},"unchanged":{"type":"boolean"},"warnings":{"type":"array","items":{"type":"string"}}},"required":["arn","name"]},
  "Credential": {"type":"object","properties":{"id":{"type":"string"},"kind":{"type":"string"},"account":{"type":"string"},"region":{"type":"string"}},"required":["id","kind","region"]},
  "ProvedCredential": {"type":"object","properties":{"id":{"type":"string"},"account":{"type":"string"},"arn":{"type":"string"}},"required":["account","arn","id"]}
}

/** The shapes of successful replies, by method and path, and then by status. It is null for a reply that is not JSON. */
export const replies: Readonly<Record<string, Readonly<Record<string, Shape | null>>>> = {
  "GET /openapi.json": {"200":{}},
  "GET /openapi.yaml": {"200":null},
  "POST /auth/aws/login": {"200":{"type":"object","properties":{"token":{"type":"string"},"expires":{"type":"string"},"caller":{"type":"string"}},"required":["caller","expires","token"]}},
  "POST /authorization/check": {"200":{"type":"object","properties":{"allowed":{"type":"boolean"},"policies":{"type":"array","items":{"type":"string"}}},"required":["allowed","policies"]}},
  "GET /consistency": {"200":{"ref":"ConsistencyReport"}},
  "GET /credentials": {"200":{"type":"object","properties":{"items":{"type":"array","items":{"ref":"Credential"}}},"required":["items"]}},
  "POST /credentials/{id}/verify": {"200":{"ref":"ProvedCredential"}},
  "GET /environments": {"200":{"type":"object","properties":{"items":{"type":"array","items":{"ref":"Environment"}}},"required":["items"]}},
  "GET /environments/{env}": {"200":{"ref":"Environment"}},
  "POST /environments/{env}/promotions": {"200":{"ref":"PromotionReply"}},
  "GET /environments/{env}/random-password": {"200":{"type":"object","properties":{"randomPassword":{"type":"string"}},"required":["randomPassword"]}},
  "GET /environments/{env}/secrets": {"200":{"type":"object","properties":{"items":{"type":"array","items":{"ref":"SecretMetadata"}},"nextCursor":{"type":"string"},"unaddressable":{"type":"number"}},"required":["items"]}},
  "POST /environments/{env}/secrets": {"200":{"ref":"BulkCreateReply"},"201":{"ref":"BulkCreateReply"},"202":{"ref":"Job"}},
  "GET /environments/{env}/secrets/{name}": {"200":{"ref":"SecretValue"},"304":null},
  "POST /environments/{env}/secrets/{name}": {"201":{"ref":"WrittenSecret"}},
  "PUT /environments/{env}/secrets/{name}": {"200":{"ref":"WrittenSecret"},"201":{"ref":"WrittenSecret"}},
  "PATCH /environments/{env}/secrets/{name}": {"200":{"ref":"WrittenSecret"}},
  "DELETE /environments/{env}/secrets/{name}": {"200":{"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"deletionDate":{"type":"string"}},"required":["arn","deletionDate","name"]}},
  "GET /environments/{env}/secrets/{name}/metadata": {"200":{"ref":"SecretMetadata"}},
  "GET /environments/{env}/secrets/{name}/policy": {"200":{"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"resourcePolicy":{"type":"object"}},"required":["arn","name"]}},
  "PUT /environments/{env}/secrets/{name}/policy": {"200":{"ref":"WrittenSecret"}},
  "DELETE /environments/{env}/secrets/{name}/policy": {"200":{"ref":"WrittenSecret"}},
  "POST /environments/{env}/secrets/{name}/policy/validate": {"200":{"type":"object","properties":{"policyValidationPassed":{"type":"boolean"},"validationErrors":{"type":"array","items":{"type":"object","properties":{"checkName":{"type":"string"},"errorMessage":{"type":"string"}}}}},"required":["policyValidationPassed","validationErrors"]}},
  "GET /environments/{env}/secrets/{name}/references": {"200":{"ref":"References"}},
  "PUT /environments/{env}/secrets/{name}/replicas": {"200":{"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"replicas":{"type":"array","items":{"type":"object","properties":{"region":{"type":"string"},"kmsKeyId":{"type":"string"},"status":{"type":"string"},"statusMessage":{"type":"string"},"lastAccessedDate":{"type":"string"}}}}},"required":["arn","name"]}},
  "DELETE /environments/{env}/secrets/{name}/replicas": {"200":{"type":"object","properties":{"name":{"type":"string"},"arn":{"type":"string"},"replicas":{"type":"array","items":{"type":"object","properties":{"region":{"type":"string"},"kmsKeyId":{"type":"string"},"status":{"type":"string"},"statusMessage":{"type":"string"},"lastAccessedDate":{"type":"string"}}}}},"required":["arn","name"]}},
  "POST /environments/{env}/secrets/{name}/replicas/promote": {"200":{"ref":"WrittenSecret"}},
  "POST /environments/{env}/secrets/{name}/restore": {"200":{"ref":"WrittenSecret"}},
  "POST /environments/{env}/secrets/{name}/rollback": {"200":{"ref":"WrittenSecret"}},
  "PUT /environments/{env}/secrets/{name}/rotation": {"200":{"ref":"WrittenSecret"}},
  "POST /environments/{env}/secrets/{name}/rotation": {"202":{"ref":"WrittenSecret"}},
  "DELETE /environments/{env}/secrets/{name}/rotation": {"200":{"ref":"WrittenSecret"}},
  "PUT /environments/{env}/secrets/{name}/stages/{stage}": {"200":{"ref":"WrittenSecret"}},
  "DELETE /environments/{env}/secrets/{name}/stages/{stage}": {"200":{"ref":"WrittenSecret"}},
  "PUT /environments/{env}/secrets/{name}/tags": {"200":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}},
  "DELETE /environments/{env}/secrets/{name}/tags": {"200":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}},
  "PATCH /environments/{env}/secrets/{name}/value": {"200":{"ref":"WrittenSecret"}},
  "GET /environments/{env}/secrets/{name}/versions": {"200":{"type":"object","properties":{"items":{"type":"array","items":{"ref":"SecretVersion"}},"nextCursor":{"type":"string"}},"required":["items"]}},
  "POST /environments/{env}/values": {"200":{"type":"object","properties":{"items":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"secret":{"ref":"SecretValue"},"problem":{"ref":"Problem"}},"required":["name"]}},"nextCursor":{"type":"string"},"unaddressable":{"type":"number"}},"required":["items"]}},
  "GET /health/live": {"200":{"type":"object","properties":{"status":{"type":"string"}},"required":["status"]}},
  "GET /health/ready": {"200":{"type":"object","properties":{"status":{"type":"string"}},"required":["status"]}},
  "GET /jobs/{id}": {"200":{"ref":"Job"}},
  "DELETE /jobs/{id}": {"200":{"ref":"Job"}},
  "GET /jobs/{id}/events": {"200":null,"204":null}
}
