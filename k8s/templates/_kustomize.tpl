{{/*
What kustomize does with base/ and components/, as far as they need it. All of it works on "objects", a dictionary by kind
and name. A key of a kustomization.yaml that is not known here stops the rendering.
*/}}

{{/* Adds a folder's resources, with its labels, and merges its patches. Takes root, objects, folder. */}}
{{- define "kustomize.apply" -}}
  {{- $root := .root -}}
  {{- $objects := .objects -}}
  {{- $folder := .folder -}}
  {{- $kustomization := include "kustomize.file" (dict "root" $root "path" (printf "%s/kustomization.yaml" $folder)) | fromYaml -}}
  {{- $known := list "apiVersion" "kind" "namespace" "labels" "resources" "patches" "images" -}}
  {{- range $key, $value := $kustomization -}}
    {{- if not (has $key $known) -}}
      {{- fail (printf "%s/kustomization.yaml: %s (expected: one of %s)" $folder $key (join ", " $known)) -}}
    {{- end -}}
  {{- end -}}
  {{- range $resource := $kustomization.resources -}}
    {{- $text := include "kustomize.file" (dict "root" $root "path" (printf "%s/%s" $folder $resource)) -}}
    {{- range $part := splitList "\n---\n" $text -}}
      {{- $object := include "kustomize.object" $part | fromYaml -}}
      {{- range $labels := $kustomization.labels -}}
        {{- include "kustomize.merge" (dict "to" $object.metadata "from" (dict "labels" $labels.pairs)) -}}
        {{- if and $labels.includeTemplates (hasKey $object.spec "template") -}}
          {{- include "kustomize.merge" (dict "to" $object.spec.template.metadata "from" (dict "labels" $labels.pairs)) -}}
        {{- end -}}
      {{- end -}}
      {{- $_ := set $objects (printf "%s/%s" $object.kind $object.metadata.name) $object -}}
    {{- end -}}
  {{- end -}}
  {{- range $patch := $kustomization.patches -}}
    {{- if $patch.target -}}
      {{- fail (printf "%s/kustomization.yaml: a patch with a target (expected: one that names its object)" $folder) -}}
    {{- end -}}
    {{- $text := $patch.patch -}}
    {{- if $patch.path -}}
      {{- $text = include "kustomize.file" (dict "root" $root "path" (printf "%s/%s" $folder $patch.path)) -}}
    {{- end -}}
    {{- range $part := splitList "\n---\n" $text -}}
      {{- $change := include "kustomize.object" $part | fromYaml -}}
      {{- $name := printf "%s/%s" $change.kind $change.metadata.name -}}
      {{- if not (hasKey $objects $name) -}}
        {{- fail (printf "%s: a patch of %s (expected: of an object that is there)" $folder $name) -}}
      {{- end -}}
      {{- if eq (get $change "$patch") "delete" -}}
        {{- $_ := unset $objects $name -}}
      {{- else -}}
        {{- include "kustomize.merge" (dict "to" (get $objects $name) "from" $change) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}

{{/* A file's text. */}}
{{- define "kustomize.file" -}}
  {{- $text := .root.Files.Get .path -}}
  {{- if not $text -}}
    {{- fail (printf "%s is not in the chart" .path) -}}
  {{- end -}}
  {{- $text -}}
{{- end -}}

{{/* A document, if it is one. */}}
{{- define "kustomize.object" -}}
  {{- $object := fromYaml . -}}
  {{- if not (and $object.kind $object.metadata) -}}
    {{- fail (printf "no object: %v (expected: kind and metadata)" $object) -}}
  {{- end -}}
  {{- if not $object.spec -}}
    {{- $_ := set $object "spec" dict -}}
  {{- end -}}
  {{- toYaml $object -}}
{{- end -}}

{{/* Merges one dictionary into another: lists of named elements by name, those of the patch first; null removes. Takes to, from. */}}
{{- define "kustomize.merge" -}}
  {{- $to := .to -}}
  {{- range $key, $value := .from -}}
    {{- $old := get $to $key -}}
    {{- if kindIs "invalid" $value -}}
      {{- $_ := unset $to $key -}}
    {{- else if kindIs "map" $value -}}
      {{- if not (kindIs "map" $old) -}}
        {{- $old = dict -}}
        {{- $_ := set $to $key $old -}}
      {{- end -}}
      {{- include "kustomize.merge" (dict "to" $old "from" $value) -}}
    {{- else if and (kindIs "slice" $value) (kindIs "slice" $old) (kindIs "map" (first $value)) (hasKey (first $value | default dict) "name") -}}
      {{- $merged := list -}}
      {{- $names := list -}}
      {{- range $element := $value -}}
        {{- $same := dict -}}
        {{- range $candidate := $old -}}
          {{- if eq $candidate.name $element.name -}}
            {{- $same = $candidate -}}
          {{- end -}}
        {{- end -}}
        {{- $names = append $names $element.name -}}
        {{- if ne (get $element "$patch") "delete" -}}
          {{- include "kustomize.merge" (dict "to" $same "from" $element) -}}
          {{- $merged = append $merged $same -}}
        {{- end -}}
      {{- end -}}
      {{- range $candidate := $old -}}
        {{- if not (has $candidate.name $names) -}}
          {{- $merged = append $merged $candidate -}}
        {{- end -}}
      {{- end -}}
      {{- $_ := set $to $key $merged -}}
    {{- else -}}
      {{- $_ := set $to $key $value -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
