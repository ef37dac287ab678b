package io.onnxfleet.gateway;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class ArchitectureTest {

  /** Packages each by itself, and with all below them: either may have circles alone. */
  private static final List<String> DEPTHS =
      List.of(
          "io.onnxfleet.(**)",
          "io.onnxfleet.(*).(*)..",
          "io.onnxfleet.(*).(*).(*)..",
          "io.onnxfleet.(*).(*).(*).(*)..");

  private static final int MOST_TYPES = 15;

  /** However long they wait. */
  private static final Pattern BLOCKING = Pattern.compile("block.*|toIterable|toStream");

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
    for (String depth : DEPTHS) {
      slices().matching(depth).should().beFreeOfCycles().allowEmptyShould(true).check(CLASSES);
    }
  }

  @Test
  void packages_areSmall() {
    Map<String, Long> types =
        CLASSES.stream()
            .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
            .collect(groupingBy(JavaClass::getPackageName, TreeMap::new, counting()));
    assertThat(types.keySet())
        .as("packages of more than %d types, of %s", MOST_TYPES, types)
        .filteredOn(name -> types.getOrDefault(name, 0L) > MOST_TYPES)
        .isEmpty();
  }

  @Test
  void balancing_knowsNothingOfHttp() {
    noClasses()
        .that()
        .resideInAnyPackage("..gateway.balancing..", "..gateway.load..")
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
        .that()
        // Rests on purpose, on one of the threads that do nothing but parse large bodies.
        .doNotHaveFullyQualifiedName("io.onnxfleet.gateway.routing.ModelSearch$Unhurried")
        .should()
        .callMethodWhere(
            describe(
                "blocks",
                call ->
                    isReactive(call.getTargetOwner())
                        && BLOCKING.matcher(call.getName()).matches()))
        .orShould()
        .callMethodWhere(
            describe(
                "sleeps",
                call ->
                    call.getTargetOwner().isEquivalentTo(Thread.class)
                        && call.getName().equals("sleep")))
        .check(CLASSES);
  }

  private static boolean isReactive(JavaClass type) {
    return type.isAssignableTo(Mono.class) || type.isAssignableTo(Flux.class);
  }
}
