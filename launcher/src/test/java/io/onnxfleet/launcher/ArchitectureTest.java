package io.onnxfleet.launcher;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
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
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A launcher must start at once, so it has the JDK and the contract, and nothing to load. */
class ArchitectureTest {
  /** Packages each by itself, and with all below them: either may have circles alone. */
  private static final List<String> DEPTHS =
      List.of("io.onnxfleet.(**)", "io.onnxfleet.(*).(*)..", "io.onnxfleet.(*).(*).(*)..");

  private static final int MOST_TYPES = 15;

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
    for (String depth : DEPTHS) {
      slices().matching(depth).should().beFreeOfCycles().allowEmptyShould(true).check(LAUNCHER);
    }
  }

  @Test
  void packages_areSmall() {
    Map<String, Long> types =
        LAUNCHER.stream()
            .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
            .collect(groupingBy(JavaClass::getPackageName, TreeMap::new, counting()));
    assertThat(types.keySet())
        .as("packages of more than %d types, of %s", MOST_TYPES, types)
        .filteredOn(name -> types.getOrDefault(name, 0L) > MOST_TYPES)
        .isEmpty();
  }
}
