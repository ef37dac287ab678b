package io.onnxfleet.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** A launcher must start at once, so it has the JDK and the contract, and nothing to load. */
class ArchitectureTest {
  private static final JavaClasses LAUNCHER =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.launcher");

  @Test
  void launcher_knowsNothingButJavaAndTheContract() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.onnxfleet.launcher..",
            "io.onnxfleet.contract..",
            "java..",
            "javax.net.ssl..",
            "org.jspecify.annotations")
        .check(LAUNCHER);
  }

  @Test
  void process_whichOthersShare_knowsNothingOfTheLauncher() {
    classes()
        .that()
        .resideInAPackage("io.onnxfleet.launcher.process..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.onnxfleet.launcher.process..",
            "java..",
            "javax.net.ssl..",
            "org.jspecify.annotations")
        .check(LAUNCHER);
  }

  @Test
  void packages_haveNoCycles() {
    slices().matching("io.onnxfleet.(**)").should().beFreeOfCycles().check(LAUNCHER);
  }
}
