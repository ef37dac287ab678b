package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the pages lead to is there, and their commands run in a fresh checkout. */
class DocumentationTest {
  private static final Pattern CODE = Pattern.compile("(?s)```.*?```");
  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");
  private static final Pattern BUILD_OF_MODULES =
      Pattern.compile("mvnw [^`\\n]*-pl [a-z,-]+[^`\\n]*(?:\\\\?\\n(?!\\./mvnw)[^`\\n]*)?");
  private static final Pattern IMAGE =
      Pattern.compile("(?m)(?:docker run|trivy image) [^\\n]*?onnx-fleet/[a-z-]+(\\S*)");

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>();
    for (String folder : List.of("", "docs", "docs/decisions")) {
      try (Stream<Path> files = Files.list(Repository.path(folder))) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    assertThat(pages).hasSizeGreaterThan(15);
    return pages;
  }

  @Test
  void links_leadToWhatIsThere() throws IOException {
    int links = 0;
    for (Path page : pages()) {
      Matcher link = LINK.matcher(CODE.matcher(Files.readString(page)).replaceAll(""));
      while (link.find()) {
        String target = link.group(1);
        if (target.contains("://")) {
          continue;
        }
        links++;
        int anchor = target.indexOf('#');
        String name = anchor < 0 ? target : target.substring(0, anchor);
        Path file = name.isEmpty() ? page : page.resolveSibling(name);
        assertThat(file).as("%s: %s", page, target).exists();
        if (anchor >= 0) {
          assertThat(anchors(file))
              .as("%s: %s", page, target)
              .contains(target.substring(anchor + 1));
        }
      }
    }
    assertThat(links).isGreaterThan(100);
  }

  /** As GitHub makes them of headings. */
  private static Set<String> anchors(Path page) throws IOException {
    Set<String> anchors = new HashSet<>();
    Matcher heading = HEADING.matcher(CODE.matcher(Files.readString(page)).replaceAll(""));
    while (heading.find()) {
      anchors.add(
          heading
              .group(1)
              .strip()
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\w\\- ]", "")
              .replace(' ', '-'));
    }
    return anchors;
  }

  /** A module alone finds the others in no repository. */
  @Test
  void buildsOfModules_buildWhatTheseNeed() throws IOException {
    int builds = 0;
    for (Path page : pages()) {
      Matcher build = BUILD_OF_MODULES.matcher(Files.readString(page));
      while (build.find()) {
        builds++;
        assertThat(build.group()).as("%s", page).contains(" -am ");
        assertThat(build.group().contains("-Dtest="))
            .as("%s: %s", page, build.group())
            .isEqualTo(build.group().contains("-Dsurefire.failIfNoSpecifiedTests=false"));
      }
    }
    assertThat(builds).isGreaterThan(5);
  }

  @Test
  void commandThatWritesTheConfigurationPage_buildsWhatItIsMadeOf() throws IOException {
    Matcher command =
        Pattern.compile("-pl (\\S+) -am test -Dtest=ConfigurationPageTest")
            .matcher(Repository.read("CONTRIBUTING.md"));
    assertThat(command.find()).isTrue();
    List<String> needed = new ArrayList<>(ConfigurationPage.MODULES);
    // What the others are built on.
    needed.remove("fleet-configuration");
    assertThat(command.group(1).split(",")).containsAll(needed).contains("deployment");
  }

  @Test
  void imagesInCommands_haveTheTagThatTheyAreBuiltWith() throws IOException {
    int images = 0;
    for (Path page : pages()) {
      Matcher image = IMAGE.matcher(Files.readString(page));
      while (image.find()) {
        images++;
        assertThat(image.group(1)).as("%s: %s", page, image.group()).isEqualTo(":0.1.0-SNAPSHOT");
      }
    }
    assertThat(images).isGreaterThanOrEqualTo(2);
  }
}
