package io.onnxfleet.optimizer.adding;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.repository.config.reading.FamilyMembership;
import io.onnxfleet.optimizer.OptimizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes models of a models folder members of a family, by a section at the end of their {@code
 * config.pbtxt}. What the file says before it stays, and counts alone where the model is held to
 * its source.
 *
 * <p>A quality that nobody states places the model by the size of its folder: halfway between the
 * best of the smaller members and the least of the larger ones. Such a number orders, and says
 * nothing else. For one thread.
 */
public final class FamilyJoining {
  static final String CONFIGURATION = "config.pbtxt";

  private static final String SECTION = "\n# ./fleet add --family, from here to the end:\n";
  private static final double STEPS = 10_000;

  private final Path models;
  private final String family;

  /**
   * One of a family's models.
   *
   * @param quality 0 to 1
   * @param bytes of its folder
   */
  public record Member(String model, double quality, boolean isComparable, long bytes) {}

  /**
   * What came of a call.
   *
   * @param bySize true if nobody stated the quality, now or before
   */
  public record Joined(Member member, boolean bySize) {}

  /**
   * Nothing is read yet.
   *
   * @param family what callers ask for in the place of a model
   * @throws OptimizerException if that is no name
   */
  public FamilyJoining(Path models, String family) {
    if (!Adding.isName(family)) {
      throw new OptimizerException(
          "family '%s' (expected: letters, digits, '.', '_' and '-')".formatted(family));
    }
    this.models = models.toAbsolutePath().normalize();
    this.family = family;
  }

  /**
   * Makes a model a member, or leaves it one: what a member's section says holds as long as nothing
   * else is stated.
   *
   * @param quality 0 to 1, or null to keep that of before, or else to go by size
   * @throws OptimizerException if its own configuration says something else, or its size does not
   *     tell its place
   */
  public Joined join(Path folder, @Nullable Double quality) {
    try {
      Path file = folder.resolve(CONFIGURATION);
      String own = Files.isRegularFile(file) ? without(Files.readString(file)) : "";
      String name = String.valueOf(folder.getFileName());
      requireNoOther(name, own);
      Joined joined = joined(name, folder, quality);
      write(file, own, joined.member());
      return joined;
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be read: %s".formatted(folder, failure), failure);
    }
  }

  private Joined joined(String name, Path folder, @Nullable Double quality) {
    Optional<FamilyMembership> before = membership(name).filter(this::isOurs);
    boolean isComparable = before.map(FamilyMembership::isComparable).orElse(false);
    long bytes = bytes(folder);
    if (quality == null && before.isEmpty() && !name.equals(family)) {
      List<Member> others = new ArrayList<>(members());
      others.removeIf(other -> other.model().equals(name));
      return new Joined(new Member(name, bySize(others, bytes), isComparable, bytes), true);
    }
    // The one that bears the family's name is the original, which others are measured against.
    double kept = before.map(FamilyMembership::quality).orElse(1.0);
    return new Joined(
        new Member(name, quality == null ? kept : quality, isComparable, bytes), false);
  }

  /**
   * Lets the vectors of a model and of its form stand in one index, unless those of another member
   * may: then these are others' vectors.
   */
  public void declareComparable(Path folder, Path form) {
    List<String> both =
        List.of(String.valueOf(folder.getFileName()), String.valueOf(form.getFileName()));
    try {
      List<Member> members = members();
      if (members.stream()
          .anyMatch(member -> member.isComparable() && !both.contains(member.model()))) {
        return;
      }
      for (Member member : members) {
        if (both.contains(member.model())) {
          Path file = models.resolve(member.model()).resolve(CONFIGURATION);
          write(
              file,
              without(Files.readString(file)),
              new Member(member.model(), member.quality(), true, member.bytes()));
        }
      }
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be read: %s".formatted(models, failure), failure);
    }
  }

  /** All members, the best first, as gateways take them. */
  public List<Member> members() {
    List<Member> members = new ArrayList<>();
    for (ModelFolder found : new FolderModelRepository(models).scan()) {
      Optional<FamilyMembership> membership = membership(found);
      if (membership.filter(this::isOurs).isPresent()) {
        FamilyMembership said = membership.get();
        members.add(
            new Member(found.name(), said.quality(), said.isComparable(), bytes(found.path())));
      } else if (membership.isEmpty() && found.name().equals(family)) {
        members.add(new Member(found.name(), 1, false, bytes(found.path())));
      }
    }
    members.sort(
        Comparator.comparingDouble(Member::quality).reversed().thenComparing(Member::model));
    return members;
  }

  private boolean isOurs(FamilyMembership membership) {
    return membership.family().equals(family);
  }

  private Optional<FamilyMembership> membership(String model) {
    return new FolderModelRepository(models).find(model).flatMap(FamilyJoining::membership);
  }

  /** A model whose configuration is wrong is not served, and no member. */
  private static Optional<FamilyMembership> membership(ModelFolder folder) {
    DeclaredConfig config = folder.config();
    try {
      return config == null ? Optional.empty() : FamilyMembership.of(config.parameters());
    } catch (InferenceException _) {
      return Optional.empty();
    }
  }

  private static void requireNoOther(String name, String own) {
    if (own.matches("(?s).*key\\s*:\\s*[\"']family[\"'].*")) {
      throw new OptimizerException(
          "%s of '%s' names a family by itself (expected: none, or no --family)"
              .formatted(CONFIGURATION, name));
    }
  }

  private double bySize(List<Member> others, long bytes) {
    Optional<Member> smaller =
        others.stream()
            .filter(other -> other.bytes() <= bytes)
            .max(Comparator.comparingDouble(Member::quality));
    Optional<Member> larger =
        others.stream()
            .filter(other -> other.bytes() > bytes)
            .min(Comparator.comparingDouble(Member::quality));
    double least = smaller.map(Member::quality).orElse(0.0);
    double most = larger.map(Member::quality).orElse(1.0);
    double between = Math.round((least + most) / 2 * STEPS) / STEPS;
    if (!(between > least && between < most)) {
      throw new OptimizerException(
          "no quality above %s and below %s in family '%s' (expected: larger members of higher"
                  .formatted(said(smaller, "0, the least"), said(larger, "1, the highest"), family)
              + " quality, with room between; --quality states one)");
    }
    return between;
  }

  private static String said(Optional<Member> neighbour, String end) {
    return neighbour
        .map(member -> "%s of '%s'".formatted(number(member.quality()), member.model()))
        .orElse(end);
  }

  private void write(Path file, String own, Member member) throws IOException {
    String text =
        own
            + SECTION
            + parameter("family", family)
            + parameter("quality", number(member.quality()))
            + (member.isComparable() ? parameter("comparable", "true") : "");
    if (Files.isRegularFile(file) && Files.readString(file).equals(text)) {
      return;
    }
    Path fresh = Files.createTempFile(Adding.work(models), "family", ".pbtxt");
    try {
      Files.writeString(fresh, text);
      // Others must be able to read what was made for this process alone.
      fresh.toFile().setReadable(true, false);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static String parameter(String name, String value) {
    return "parameters { key: \"%s\" value { string_value: \"%s\" } }\n".formatted(name, value);
  }

  private static String number(double quality) {
    return String.format(Locale.ROOT, "%.4f", quality);
  }

  /** What a configuration says without the section. */
  static String without(String configuration) {
    int section = configuration.indexOf(SECTION);
    return section < 0 ? configuration : configuration.substring(0, section);
  }

  private static long bytes(Path folder) {
    try {
      return Folders.size(folder);
    } catch (IOException failure) {
      throw new OptimizerException("%s cannot be read: %s".formatted(folder, failure), failure);
    }
  }
}
