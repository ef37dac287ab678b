package io.onnxfleet.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
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
