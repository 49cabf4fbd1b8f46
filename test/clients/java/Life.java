import java.time.Duration;
import java.util.List;
import java.util.Objects;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.Filter;
import software.amazon.awssdk.services.secretsmanager.model.SecretListEntry;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;
import software.amazon.awssdk.services.secretsmanager.model.Tag;

/**
 * Takes a secret through its life with AWS's SDK for Java: {@code java Life PREFIX}. The endpoint, the region and the keys come
 * from the environment, as for any program that uses the SDK.
 */
public final class Life {
    private static final String POLICY = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:DeleteSecret",\
        "Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"b"}}}]}""";

    private final SecretsManagerClient client;
    private final String name;

    private Life(SecretsManagerClient client, String name) {
        this.client = client;
        this.name = name;
    }

    public static void main(String[] args) {
        try (SecretsManagerClient client = SecretsManagerClient.builder()
                .overrideConfiguration(options -> options.apiCallTimeout(Duration.ofSeconds(20)))
                .build()) {
            Life life = new Life(client, args[0] + "java/" + System.nanoTime());
            String arn = life.create();
            life.change(arn);
            life.read(arn);
            life.remove();
            expect("create again", life.create().equals(arn), false);
            life.remove();
        }
    }

    /** Creates the secret without a value, and writes the value. Returns the secret's ARN. */
    private String create() {
        Tag team = Tag.builder().key("team").value("a").build();
        String arn = client.createSecret(request -> request.name(name).description("Made with Java").tags(team)).arn();
        client.putSecretValue(request -> request.secretId(arn).secretString("one"));
        var value = client.getSecretValue(request -> request.secretId(arn));
        expect("read the value", value.secretString(), "one");
        expect("its labels", value.versionStages(), List.of("AWSCURRENT"));
        return arn;
    }

    /** Writes bytes, rolls them back, and changes the description, the tags and the policy. */
    private void change(String arn) {
        byte[] bytes = {0, -1};
        String second = client.putSecretValue(request -> request.secretId(arn).secretBinary(SdkBytes.fromByteArray(bytes))).versionId();
        expect("bytes", client.getSecretValue(request -> request.secretId(name)).secretBinary(), SdkBytes.fromByteArray(bytes));
        String first = client.getSecretValue(request -> request.secretId(name).versionStage("AWSPREVIOUS")).versionId();
        client.updateSecretVersionStage(request -> request.secretId(arn)
            .versionStage("AWSCURRENT").removeFromVersionId(second).moveToVersionId(first));
        client.updateSecret(request -> request.secretId(arn).description("Changed"));
        client.untagResource(request -> request.secretId(arn).tagKeys("team"));
        client.putResourcePolicy(request -> request.secretId(arn).resourcePolicy(POLICY));
        expect("the policy", client.getResourcePolicy(request -> request.secretId(arn)).resourcePolicy(), POLICY);
        expect("a rotation without a function",
            codeOf(() -> client.rotateSecret(request -> request.secretId(arn))), "InvalidRequestException");
    }

    /** Reads what has been changed, with each operation that reads. */
    private void read(String arn) {
        var described = client.describeSecret(request -> request.secretId(arn));
        expect("the description", described.description(), "Changed");
        expect("the tags", described.tags(), List.of());
        Filter names = Filter.builder().key("name").values(name).build();
        expect("the list", client.listSecretsPaginator(request -> request.filters(names)).stream()
            .flatMap(page -> page.secretList().stream()).map(SecretListEntry::arn).toList(), List.of(arn));
        var batch = client.batchGetSecretValue(request -> request.secretIdList(name, name + "-none"));
        expect("the values of several secrets", batch.secretValues().get(0).secretString(), "one");
        expect("their errors", batch.errors().get(0).errorCode(), "ResourceNotFoundException");
        expect("a secret of another environment",
            codeOf(() -> client.getSecretValue(request -> request.secretId("elsewhere/a"))), "ResourceNotFoundException");
    }

    /** Deletes the secret without a recovery window. */
    private void remove() {
        client.deleteSecret(request -> request.secretId(name).forceDeleteWithoutRecovery(true));
        expect("read after the deletion",
            codeOf(() -> client.getSecretValue(request -> request.secretId(name))), "ResourceNotFoundException");
    }

    /** Returns the code of the error with which a call fails. */
    private static String codeOf(Runnable call) {
        try {
            call.run();
            return "no error";
        } catch (SecretsManagerException error) {
            return error.awsErrorDetails().errorCode();
        }
    }

    private static void expect(String title, Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) {
            System.out.println("not ok  " + title + ": expected " + expected + ", got " + actual);
            System.exit(1);
        }
        System.out.println("ok      " + title);
    }
}
