package io.onnxfleet.contract.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class HeaderNamesTest {

  @Test
  void names_areTokens_andStandOnce() throws IllegalAccessException {
    List<String> names = new ArrayList<>();
    for (Field field : HeaderNames.class.getFields()) {
      names.add(String.valueOf(field.get(null)).toLowerCase(Locale.ROOT));
    }
    assertThat(names).hasSizeGreaterThan(20).doesNotHaveDuplicates();
    assertThat(names).allMatch(name -> name.matches("[a-z-]+"));
  }
}
