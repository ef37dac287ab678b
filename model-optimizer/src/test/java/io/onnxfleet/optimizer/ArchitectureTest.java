package io.onnxfleet.optimizer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Who may know whom. */
class ArchitectureTest {
  private static final JavaClasses OPTIMIZER =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.optimizer");

  @Test
  void packages_haveNoCycles() {
    slices().matching("io.onnxfleet.optimizer.(*)..").should().beFreeOfCycles().check(OPTIMIZER);
    slices().matching("io.onnxfleet.(**)").should().beFreeOfCycles().check(OPTIMIZER);
  }

  @Test
  void onnxRuntime_isBoundByTheEngine_andKnownToOnePackage() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.onnxruntime..")
        .check(OPTIMIZER);
    noClasses()
        .that()
        .resideOutsideOfPackage("io.onnxfleet.optimizer.runtime..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.onnxfleet.engine.runtime..")
        .check(OPTIMIZER);
  }

  @Test
  void library_knowsNothingOfTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.onnxfleet.optimizer.command..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.onnxfleet.optimizer.command..", "picocli..")
        .check(OPTIMIZER);
  }
}
