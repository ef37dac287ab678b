package io.onnxfleet.inference;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may know whom. */
class ArchitectureTest {
  private static final JavaClasses SERVICE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.inference");

  @Test
  void packages_haveNoCycles() {
    slices().matching("io.onnxfleet.(**)").should().beFreeOfCycles().check(SERVICE);
  }

  @Test
  void codec_knowsNoSpring() {
    noClasses()
        .that()
        .resideInAPackage("..protocol.v2.codec..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..")
        .check(SERVICE);
  }

  @Test
  void protocols_knowNothingOfEachOther() {
    noClasses()
        .that()
        .resideInAPackage("..protocol.v2..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("..protocol.openai..")
        .check(SERVICE);
    noClasses()
        .that()
        .resideInAPackage("..protocol.openai..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("..protocol.v2..")
        .check(SERVICE);
  }

  @Test
  void service_asksTheEngine_andNeverItsInsides() {
    noClasses()
        .that()
        .resideInAPackage("io.onnxfleet.inference..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.onnxfleet.engine.batching..", "io.onnxfleet.engine.instance..", "ai.onnxruntime..")
        .check(SERVICE);
  }
}
