package io.onnxfleet.benchmarks;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The packages of the benchmarks, and of all that they use, form no circles at any depth. */
class ArchitectureTest {
  @Test
  void packages_haveNoCycles() {
    slices()
        .matching("io.onnxfleet.(**)")
        .should()
        .beFreeOfCycles()
        .check(
            new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("io.onnxfleet"));
  }
}
