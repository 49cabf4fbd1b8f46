# Sends the events of AWS Secrets Manager in one account and region to a queue, from which a gateway process learns about changes by
# others (docs/cache.md). The process that reads an event deletes it, so each process needs its own queue. Replicas that share their
# state (docs/fleet.md) pass changes on to each other, so one queue is enough for them.

variable "processes" {
  description = "The names of the gateway's processes. Each gets a queue."
  type        = set(string)
  default     = ["gateway"]

  validation {
    # EventBridge allows five targets for a rule.
    condition     = length(var.processes) >= 1 && length(var.processes) <= 5
    error_message = "There must be one to five processes."
  }
}

resource "aws_sqs_queue" "events" {
  for_each = var.processes
  name     = "secrets-gateway-events-${each.key}"
  # The gateway keeps a value for a day at most, so an older event has no effect.
  message_retention_seconds  = 86400
  visibility_timeout_seconds = 30
  sqs_managed_sse_enabled    = true
}

resource "aws_cloudwatch_event_rule" "changes" {
  name        = "secrets-gateway-events"
  description = "Changes of secrets. Calls that read are not among them, except where a trail sends these, too."
  event_pattern = jsonencode({
    source = ["aws.secretsmanager"]
    "$or" = [
      # Secrets Manager sends these by itself, when a label has moved.
      { detail-type = ["Secret Label Updated"] },
      # These report deletions and other changes. They need a trail in CloudTrail that logs management events.
      {
        detail-type = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]
        detail = {
          eventName = [
            "CreateSecret", "DeleteSecret", "PutSecretValue", "RestoreSecret", "RotationSucceeded", "StopReplicationToReplica",
            "UpdateSecret", "UpdateSecretVersionStage"
          ]
        }
      }
    ]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = var.processes
  rule     = aws_cloudwatch_event_rule.changes.name
  arn      = aws_sqs_queue.events[each.key].arn
}

data "aws_iam_policy_document" "queue" {
  for_each = var.processes

  statement {
    sid       = "EventsOfTheRule"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.events[each.key].arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.changes.arn]
    }
  }

  statement {
    sid       = "TheGateway"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    resources = [aws_sqs_queue.events[each.key].arn]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.gateway.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "queue" {
  for_each  = var.processes
  queue_url = aws_sqs_queue.events[each.key].id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

output "queue_urls" {
  description = "The values of cache.events[].queueUrl, by process."
  value       = { for name, queue in aws_sqs_queue.events : name => queue.url }
}
