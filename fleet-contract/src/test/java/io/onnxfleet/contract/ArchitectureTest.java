package io.onnxfleet.contract;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The contract stands alone, so that every process and every client can take it. */
class ArchitectureTest {
  private static final JavaClasses CONTRACT =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.onnxfleet.contract");

  @Test
  void contract_knowsNothingButJava() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.onnxfleet.contract..",
            "java..",
            // Of java.base, as well.
            "javax.crypto..",
            "javax.net.ssl..",
            "org.jspecify.annotations")
        .check(CONTRACT);
  }

  @Test
  void packages_haveNoCycles() {
    slices().matching("io.onnxfleet.(**)").should().beFreeOfCycles().check(CONTRACT);
  }
}
