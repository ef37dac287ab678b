package io.onnxfleet.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The house rules of the engine, as far as a compiler does not know them. */
class ArchitectureTest {
  private static final String ROOT = "io.onnxfleet.engine";

  /** Packages each by itself, and with all below them: either may have circles alone. */
  private static final List<String> DEPTHS =
      List.of(
          "io.onnxfleet.(**)",
          "io.onnxfleet.(*).(*)..",
          "io.onnxfleet.(*).(*).(*)..",
          "io.onnxfleet.(*).(*).(*).(*)..");

  private static final int MOST_TYPES = 15;

  /** Larger on purpose: decision 0035 says what a split of each would make public. */
  private static final Set<String> WHOLE =
      Set.of(ROOT + ".batching", ROOT + ".instance", ROOT + ".runtime");

  private static final JavaClasses ENGINE =
      new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages(ROOT);

  @Test
  void packages_formNoCycles() {
    for (String depth : DEPTHS) {
      slices().matching(depth).should().beFreeOfCycles().allowEmptyShould(true).check(ENGINE);
    }
  }

  @Test
  void packages_areSmall_butForThoseThatStayWhole() {
    Map<String, Long> types =
        ENGINE.stream()
            .filter(type -> !type.getPackageName().endsWith(".proto"))
            .filter(type -> type.isTopLevelClass() && !type.getSimpleName().equals("package-info"))
            .collect(groupingBy(JavaClass::getPackageName, TreeMap::new, counting()));
    assertThat(types.keySet())
        .as("packages of more than %d types, of %s", MOST_TYPES, types)
        .filteredOn(name -> types.getOrDefault(name, 0L) > MOST_TYPES)
        .containsExactlyInAnyOrderElementsOf(WHOLE);
  }

  @Test
  void packages_dependOnlyDownwards() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage(ROOT + "..")
        .layer("engine")
        .definedBy(ROOT)
        .layer("text")
        .definedBy(ROOT + ".text..")
        .layer("catalog")
        .definedBy(ROOT + ".catalog..")
        .layer("loading")
        .definedBy(ROOT + ".loading..")
        .layer("notes")
        .definedBy(ROOT + ".notes..")
        .layer("repository")
        .definedBy(ROOT + ".repository..")
        .layer("proof")
        .definedBy(ROOT + ".proof..")
        .layer("instance")
        .definedBy(ROOT + ".instance..")
        .layer("crash")
        .definedBy(ROOT + ".crash..")
        .layer("batching")
        .definedBy(ROOT + ".batching..")
        .layer("runtime")
        .definedBy(ROOT + ".runtime..")
        .layer("metrics")
        .definedBy(ROOT + ".metrics..")
        .layer("request")
        .definedBy(ROOT + ".request..")
        .layer("tensor")
        .definedBy(ROOT + ".tensor..")
        .layer("error")
        .definedBy(ROOT + ".error..")
        .whereLayer("engine")
        .mayOnlyBeAccessedByLayers("text")
        .whereLayer("catalog")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("loading")
        .mayOnlyBeAccessedByLayers("catalog", "engine")
        .whereLayer("notes")
        .mayOnlyBeAccessedByLayers("loading", "engine")
        .whereLayer("repository")
        .mayOnlyBeAccessedByLayers("notes", "loading", "catalog", "engine")
        .whereLayer("instance")
        .mayOnlyBeAccessedByLayers("loading", "catalog", "engine")
        .whereLayer("proof")
        .mayOnlyBeAccessedByLayers("instance", "notes", "loading", "engine")
        .whereLayer("crash")
        .mayOnlyBeAccessedByLayers("instance", "notes", "loading", "catalog", "engine")
        .whereLayer("batching")
        .mayOnlyBeAccessedByLayers("instance", "loading")
        .whereLayer("runtime")
        .mayOnlyBeAccessedByLayers(
            "proof", "instance", "crash", "repository", "notes", "loading", "catalog", "engine")
        .check(ENGINE);
  }

  @Test
  void nativeCode_staysInRuntime() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".runtime..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .orShould()
        .dependOnClassesThat()
        .resideInAPackage("ai.onnxruntime..")
        .check(ENGINE);
  }

  @Test
  void batching_knowsNoTensorsNorSessions() {
    noClasses()
        .that()
        .resideInAPackage(ROOT + ".batching..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(ROOT + ".tensor..", ROOT + ".runtime..", ROOT + ".instance..")
        .check(ENGINE);
  }

  @Test
  void engine_knowsNeitherSpringNorHttp() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.springframework..", "jakarta.servlet..", "java.net.http..")
        .check(ENGINE);
  }

  @Test
  void records_areFinalData_andExceptionsAreOne() {
    classes()
        .that()
        .areAssignableTo(RuntimeException.class)
        .and()
        .arePublic()
        .should()
        .haveSimpleName("InferenceException")
        .check(ENGINE);
  }
}
