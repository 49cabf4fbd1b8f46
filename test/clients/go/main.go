// Takes a secret through its life with AWS's SDK for Go:
//
//	go run . PREFIX
//
// The endpoint, the region and the keys come from the environment, as for any program that uses the SDK.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// life is the state of the program: the client, and the name of the secret.
type life struct {
	context context.Context
	client  *secretsmanager.Client
	name    string
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	check(err)
	own := life{ctx, secretsmanager.NewFromConfig(loaded), fmt.Sprintf("%sgo/%d", os.Args[1], time.Now().UnixNano())}
	first := own.create()
	own.change(first)
	own.read(first)
	own.remove()
	expect("create again", own.create() != first, true)
	own.remove()
}

// create creates the secret without a value, and writes the value. It returns the secret's ARN.
func (own life) create() string {
	created, err := own.client.CreateSecret(own.context, &secretsmanager.CreateSecretInput{
		Name: &own.name, Description: aws.String("Made with Go"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	})
	check(err)
	_, err = own.client.PutSecretValue(own.context, &secretsmanager.PutSecretValueInput{
		SecretId: created.ARN, SecretString: aws.String("one"),
	})
	check(err)
	value, err := own.client.GetSecretValue(own.context, &secretsmanager.GetSecretValueInput{SecretId: created.ARN})
	check(err)
	expect("read the value", *value.SecretString, "one")
	expect("its labels", value.VersionStages, []string{"AWSCURRENT"})
	return *created.ARN
}

// change writes bytes, rolls them back, and changes the description, the tags and the policy.
func (own life) change(arn string) {
	second, err := own.client.PutSecretValue(own.context, &secretsmanager.PutSecretValueInput{
		SecretId: &arn, SecretBinary: []byte{0, 255},
	})
	check(err)
	value, err := own.client.GetSecretValue(own.context, &secretsmanager.GetSecretValueInput{SecretId: &own.name})
	check(err)
	expect("bytes", value.SecretBinary, []byte{0, 255})
	previous, err := own.client.GetSecretValue(own.context, &secretsmanager.GetSecretValueInput{
		SecretId: &own.name, VersionStage: aws.String("AWSPREVIOUS"),
	})
	check(err)
	_, err = own.client.UpdateSecretVersionStage(own.context, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &arn, VersionStage: aws.String("AWSCURRENT"),
		RemoveFromVersionId: second.VersionId, MoveToVersionId: previous.VersionId,
	})
	check(err)
	_, err = own.client.UpdateSecret(own.context, &secretsmanager.UpdateSecretInput{SecretId: &arn, Description: aws.String("Changed")})
	check(err)
	_, err = own.client.UntagResource(own.context, &secretsmanager.UntagResourceInput{SecretId: &arn, TagKeys: []string{"team"}})
	check(err)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:DeleteSecret",` +
		`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"b"}}}]}`
	_, err = own.client.PutResourcePolicy(own.context, &secretsmanager.PutResourcePolicyInput{SecretId: &arn, ResourcePolicy: &policy})
	check(err)
	stored, err := own.client.GetResourcePolicy(own.context, &secretsmanager.GetResourcePolicyInput{SecretId: &arn})
	check(err)
	expect("the policy", *stored.ResourcePolicy, policy)
	_, err = own.client.RotateSecret(own.context, &secretsmanager.RotateSecretInput{SecretId: &arn})
	expect("a rotation without a function", code(err), "InvalidRequestException")
}

// read reads what has been changed, with each operation that reads.
func (own life) read(arn string) {
	described, err := own.client.DescribeSecret(own.context, &secretsmanager.DescribeSecretInput{SecretId: &arn})
	check(err)
	expect("the description", *described.Description, "Changed")
	expect("the tags", len(described.Tags), 0)
	pages := secretsmanager.NewListSecretsPaginator(own.client, &secretsmanager.ListSecretsInput{
		Filters: []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{own.name}}},
	})
	var listed []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(own.context)
		check(err)
		for _, secret := range page.SecretList {
			listed = append(listed, *secret.ARN)
		}
	}
	expect("the list", listed, []string{arn})
	batch, err := own.client.BatchGetSecretValue(own.context, &secretsmanager.BatchGetSecretValueInput{
		SecretIdList: []string{own.name, own.name + "-none"},
	})
	check(err)
	expect("the values of several secrets", *batch.SecretValues[0].SecretString, "one")
	expect("their errors", *batch.Errors[0].ErrorCode, "ResourceNotFoundException")
	_, err = own.client.GetSecretValue(own.context, &secretsmanager.GetSecretValueInput{SecretId: aws.String("elsewhere/a")})
	expect("a secret of another environment", code(err), "ResourceNotFoundException")
}

// remove deletes the secret without a recovery window.
func (own life) remove() {
	_, err := own.client.DeleteSecret(own.context, &secretsmanager.DeleteSecretInput{
		SecretId: &own.name, ForceDeleteWithoutRecovery: aws.Bool(true),
	})
	check(err)
	_, err = own.client.GetSecretValue(own.context, &secretsmanager.GetSecretValueInput{SecretId: &own.name})
	expect("read after the deletion", code(err), "ResourceNotFoundException")
}

// code returns the code of AWS's error.
func code(err error) string {
	var failure smithy.APIError
	if errors.As(err, &failure) {
		return failure.ErrorCode()
	}
	return fmt.Sprint(err)
}

func check(err error) {
	if err != nil {
		fmt.Println("not ok ", err)
		os.Exit(1)
	}
}

func expect(title string, actual, expected any) {
	if !reflect.DeepEqual(actual, expected) {
		check(fmt.Errorf("%s: expected %#v, got %#v", title, expected, actual))
	}
	fmt.Println("ok     ", title)
}
