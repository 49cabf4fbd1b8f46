import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;

/**
 * Prints a property that Spring Cloud AWS has read from a secret: {@code java Read NAME --spring.config.location=FILE}. The file
 * has the settings of docs/clients.md, and the keys come from the environment.
 */
@EnableAutoConfiguration
public class Read {
    public static void main(String[] args) {
        SpringApplicationBuilder program = new SpringApplicationBuilder(Read.class)
            .web(WebApplicationType.NONE).bannerMode(Banner.Mode.OFF).logStartupInfo(false);
        try (var context = program.run(args)) {
            System.out.println(context.getEnvironment().getProperty(args[0]));
        }
    }
}
