package io.onnxfleet.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** What a process that has these beans does as it starts. */
@ExtendWith(OutputCaptureExtension.class)
class StartTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(InsideProperties.class)
  static class App {
    @Bean
    static UnknownKeyCheck unknownKeyCheck(Environment environment) {
      return new UnknownKeyCheck("inference", environment);
    }

    @Bean
    OpenDoorWarning openProcess(InsideProperties properties) {
      return new OpenDoorWarning(
          () -> properties.read() == null,
          """
          OPEN: this process listens on {}.
          Close it.
          """);
    }
  }

  private static void start(String... arguments) {
    SpringApplication application = new SpringApplication(App.class);
    application.setWebApplicationType(WebApplicationType.NONE);
    application.run(arguments).close();
  }

  @Test
  void start_fails_onKeysThatNothingReads_namingAllOfThem(CapturedOutput output) {
    assertThatThrownBy(() -> start("--fleet.secrt=x", "--fleet.secret-fil=y"))
        .isInstanceOf(UnknownKeysException.class)
        .hasMessageContaining("unknown key 'fleet.secrt' (the nearest known key is 'fleet.secret')")
        .hasMessageContaining("'fleet.secret-fil' (the nearest known key is 'fleet.secret-file')");
    assertThat(output).contains("Correct or remove the keys.").doesNotContain("at java.base/");
  }

  @Test
  void start_warns_whereOthersReachAnOpenProcess(CapturedOutput output) {
    start("--server.address=0.0.0.0");
    assertThat(output)
        .contains("*".repeat(90), "OPEN: this process listens on 0.0.0.0.\nClose it.\n****");
  }

  @Test
  void start_warns_whereItListensOnAll(CapturedOutput output) {
    start();
    assertThat(output).contains("listens on every address.");
  }

  /** How a process does without the secret that its environment has. */
  @Test
  void start_knowsNoSecret_whereItsKeysAreEmpty(CapturedOutput output) {
    start("--server.address=0.0.0.0", "--fleet.secret=", "--fleet.secret-file=");
    assertThat(output).contains("OPEN: this process listens on 0.0.0.0.");
  }

  @Test
  void start_doesNotWarn_onLoopback_orBehindASecret(CapturedOutput output) {
    start("--server.address=127.0.0.1");
    start("--fleet.secret=0123456789abcdef0123456789abcdef");
    assertThat(output).doesNotContain("OPEN:");
  }
}
