# The IAM role that the gateway runs with, on EKS (Pod Identity or IRSA) or ECS, and its permissions on the
# secrets of the environments. docs/aws.md describes the permissions, and which of them are optional.

variable "name" {
  description = "The name of the role."
  type        = string
  default     = "secrets-gateway"
}

variable "platform" {
  description = "Where the gateway runs: pod-identity, irsa or ecs."
  type        = string

  validation {
    condition     = contains(["pod-identity", "irsa", "ecs"], var.platform)
    error_message = "The platform must be pod-identity, irsa or ecs."
  }
}

variable "service_account" {
  description = "For IRSA: the issuer of the cluster, and the service account of the gateway."
  type = object({
    oidc_provider_arn = string
    namespace         = string
    name              = string
  })
  default = null
}

variable "environments" {
  description = "The environments of the gateway in this account, by name, with the prefix, the region and the KMS key of their secrets."
  type = map(object({
    name_prefix = string
    region      = string
    kms_key_arn = optional(string)
  }))
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  issuer = var.service_account == null ? "" : split("oidc-provider/", var.service_account.oidc_provider_arn)[1]
  secrets = {
    for name, environment in var.environments :
    name => "arn:${data.aws_partition.current.partition}:secretsmanager:${environment.region}:${data.aws_caller_identity.current.account_id}:secret:${environment.name_prefix}*"
  }
  kms_keys = distinct([for environment in var.environments : environment.kms_key_arn if environment.kms_key_arn != null])
}

data "aws_iam_policy_document" "trust" {
  dynamic "statement" {
    for_each = var.platform == "irsa" ? [var.service_account] : []
    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]
      principals {
        type        = "Federated"
        identifiers = [statement.value.oidc_provider_arn]
      }
      condition {
        test     = "StringEquals"
        variable = "${local.issuer}:sub"
        values   = ["system:serviceaccount:${statement.value.namespace}:${statement.value.name}"]
      }
      condition {
        test     = "StringEquals"
        variable = "${local.issuer}:aud"
        values   = ["sts.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.platform == "pod-identity" ? ["pods.eks.amazonaws.com"] : []
    content {
      actions = ["sts:AssumeRole", "sts:TagSession"]
      principals {
        type        = "Service"
        identifiers = [statement.value]
      }
    }
  }

  dynamic "statement" {
    for_each = var.platform == "ecs" ? ["ecs-tasks.amazonaws.com"] : []
    content {
      actions = ["sts:AssumeRole"]
      principals {
        type        = "Service"
        identifiers = [statement.value]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.current.account_id]
      }
    }
  }
}

resource "aws_iam_role" "gateway" {
  name               = var.name
  description        = "Secrets Gateway, for the environments ${join(", ", keys(var.environments))}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "secrets" {
  # AWS authorizes these operations without a resource.
  statement {
    sid       = "WithoutResource"
    actions   = ["secretsmanager:ListSecrets", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetRandomPassword"]
    resources = ["*"]
  }

  statement {
    sid = "Secrets"
    actions = [
      "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:ListSecretVersionIds",
      "secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret",
      "secretsmanager:UpdateSecretVersionStage", "secretsmanager:TagResource", "secretsmanager:UntagResource",
      "secretsmanager:DeleteSecret", "secretsmanager:RestoreSecret"
    ]
    resources = values(local.secrets)
  }

  dynamic "statement" {
    for_each = length(local.kms_keys) > 0 ? [local.kms_keys] : []
    content {
      sid       = "Keys"
      actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
      resources = statement.value
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = distinct([for environment in var.environments : "secretsmanager.${environment.region}.*"])
      }
    }
  }
}

resource "aws_iam_role_policy" "secrets" {
  name   = "secrets"
  role   = aws_iam_role.gateway.id
  policy = data.aws_iam_policy_document.secrets.json
}

output "role_arn" {
  description = "The role of the service account (IRSA), of the Pod Identity association, or of the ECS task."
  value       = aws_iam_role.gateway.arn
}
