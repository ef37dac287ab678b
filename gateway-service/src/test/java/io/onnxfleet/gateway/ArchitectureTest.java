package io.onnxfleet.gateway;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.gateway");

  private static final JavaClasses TESTS =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.gateway");

  @Test
  void packages_haveNoCycles() {
    slices().matching("io.onnxfleet.gateway.(*)..").should().beFreeOfCycles().check(CLASSES);
    slices().matching("io.onnxfleet.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void balancing_knowsNothingOfHttp() {
    noClasses()
        .that()
        .resideInAPackage("..gateway.balancing..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework.web..", "org.springframework.http..", "io.netty..")
        .check(CLASSES);
  }

  /** What runs before there is a call: these find out whose a request is, and let it in. */
  private static final Set<String> BEFORE_THE_CALL =
      Set.of(
          // The security chain, and what it asks of a connection.
          "AuthenticationFilter",
          "FleetSecurityChain",
          "FleetChainProxy",
          "CertificateCallers",
          "CallerAddresses",
          "LetInCallers",
          // Gives the door what the chain has found out.
          "Accesses",
          // The framework's own mechanisms, within the gateway's bounds.
          "GlobalCorsFilter",
          "TrustedForwardedHeaders");

  @Test
  void exchanges_areKnownToTheDoorAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage("..gateway.door..")
        .and(
            describe(
                "do not run before there is a call",
                type ->
                    !type.getPackageName().contains(".gateway.security.")
                        || !BEFORE_THE_CALL.contains(outermost(type).getSimpleName())))
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            ".*\\.web\\.server\\.ServerWebExchange(\\$.*)?|.*\\.server\\.reactive\\.\\w*ServerHttp.*")
        .check(CLASSES);
  }

  /** What opens a socket is an integration test, and named so: its branches do not count. */
  @Test
  void unitTests_openNoSocket() {
    noClasses()
        .that()
        .haveNameMatching(".*Test(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.net\\.(Server|Datagram)?Socket|java\\.net\\.http\\..*|com\\.sun\\.net\\.httpserver\\..*"
                + "|reactor\\.netty\\.(http\\.server|tcp|udp)\\..*|java\\.nio\\.channels\\..*Channel"
                + "|io\\.netty\\.channel\\.socket\\.nio\\..*|.*\\.SpringApplication.*"
                + "|io\\.onnxfleet\\.gateway\\.(RunningGateway|FakeReplica|FakeRegistry|BrokenReplica|RawClient)")
        .check(TESTS);
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  @Test
  void requests_areServedWithoutBlocking() {
    noClasses()
        .should()
        .callMethod(reactor.core.publisher.Mono.class, "block")
        .orShould()
        .callMethod(reactor.core.publisher.Flux.class, "blockFirst")
        .orShould()
        .callMethod(Thread.class, "sleep", long.class)
        .check(CLASSES);
  }
}
