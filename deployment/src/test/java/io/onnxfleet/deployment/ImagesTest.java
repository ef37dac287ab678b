package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Images of others stand in one file, with a version; nobody names another. */
class ImagesTest {
  private static final String LIST = "docker/images.env";

  /** The fleet's own, and what its checks build themselves. */
  private static final Pattern OWN = Pattern.compile("\\bonnx-fleet(-check)?/");

  /** A name, a version that is not merely the latest, and a digest where one was read. */
  private static final Pattern VERSIONED =
      Pattern.compile(
          "[a-z0-9./-]+:(?!latest)[A-Za-z0-9_.-]*\\d[A-Za-z0-9_.-]*(@sha256:[0-9a-f]{64})?");

  /** Where files name images: FROM, image:, or the default of a variable that ends in IMAGE. */
  private static final Pattern NAMED =
      Pattern.compile(
          "(?m)^\\s*FROM (?:--\\S+ )?(\\S+)|\\bimage: *[\"']?([^\\s\"'{},#]\\S*?)[\"']?(?=[\\s,}]|$)"
              + "|\\b\\w*IMAGE(?:=|:-)[\"']?([a-z0-9][a-z0-9./-]*(?::[^\\s\"'}]+)?)");

  private static Map<String, String> listed() throws IOException {
    Map<String, String> images = new LinkedHashMap<>();
    for (String line : Repository.read(LIST).lines().toList()) {
      if (!line.isBlank() && !line.startsWith("#")) {
        images.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
      }
    }
    return images;
  }

  @Test
  void everyImage_hasAVersion() throws IOException {
    assertThat(listed()).hasSizeGreaterThanOrEqualTo(5);
    listed().forEach((name, image) -> assertThat(image).as(name).matches(VERSIONED));
  }

  @Test
  void images_areNamedNowhereElse() throws IOException {
    int found = 0;
    for (Path file : files()) {
      Matcher named = NAMED.matcher(Files.readString(file));
      while (named.find()) {
        for (int group = 1; group <= 3; group++) {
          String image = named.group(group);
          if (image == null || (image.contains("$") && !image.contains(":-"))) {
            continue;
          }
          image = image.replaceAll("^\\$\\{\\w+:-([^}]*)}?$", "$1");
          boolean isStage = image.matches("[a-z-]+") && !image.contains("/");
          if (!OWN.matcher(image).find() && !isStage) {
            found++;
            assertThat(listed().values()).as("%s names an image", file).contains(image);
          }
        }
      }
    }
    assertThat(found).as("of Dockerfile and docker-compose.yml").isGreaterThanOrEqualTo(5);
  }

  private static List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (String folder : List.of("docker", "ci", "k8s")) {
      try (Stream<Path> all = Files.walk(Repository.path(folder))) {
        all.filter(Files::isRegularFile).forEach(files::add);
      }
    }
    for (String file :
        List.of("docker-compose.yml", "docker-compose.swarm.yml", "docker-compose.gpu.yml")) {
      files.add(Repository.path(file));
    }
    files.removeIf(file -> file.endsWith("images.env") || file.toString().endsWith(".java"));
    return files;
  }

  /** Whoever builds, pushes or looks into images takes all of them. */
  @Test
  void everyImageOfTheFleet_isInEveryList() throws IOException {
    Set<String> images = new TreeSet<>();
    Matcher title =
        Pattern.compile("image\\.title=\"onnx-fleet ([a-z-]+)\"")
            .matcher(Repository.read("docker/Dockerfile"));
    while (title.find()) {
      images.add(title.group(1));
    }
    assertThat(images).hasSizeGreaterThanOrEqualTo(5);
    for (String image : images) {
      assertThat(words("docker/push", "(?m)^images=\\(([^)]*)\\)")).contains(image);
      assertThat(words("ci/images", "build (models [a-z -]+) >")).contains(image);
      assertThat(Repository.yaml("docker-compose.yml").at("services/" + image + "/build/target"))
          .isEqualTo(new Node(image));
      if (!image.equals("models")) {
        assertThat(Repository.read("docker/ImageLayout.java")).contains("\"" + image + "\", ");
        assertThat(words("ci/layouts", "for module in ([a-z -]+);")).contains(image);
        assertThat(words("docker/Dockerfile", "(?s)find (.*?) -type l"))
            .contains(image + "/target/layout");
      }
    }
  }

  private static List<String> words(String file, String pattern) throws IOException {
    Matcher list = Pattern.compile(pattern).matcher(Repository.read(file));
    assertThat(list.find()).as("%s: %s", file, pattern).isTrue();
    return List.of(list.group(1).split("[\\s\\\\]+"));
  }

  @Test
  void wrapper_knowsTheDigestOfMaven() throws IOException {
    assertThat(Repository.read(".mvn/wrapper/maven-wrapper.properties"))
        .containsPattern("(?m)^distributionSha256Sum=[0-9a-f]{64}$");
  }
}
