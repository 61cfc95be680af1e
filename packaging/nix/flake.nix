{
  description = "Credential helper for IBM Cloud Container Registry";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      archives = {
        x86_64-linux = {
          url = "@URL@/@ARCHIVE_linux-x64@";
          sha256 = "@SHA256_linux-x64@";
        };
        aarch64-linux = {
          url = "@URL@/@ARCHIVE_linux-arm64@";
          sha256 = "@SHA256_linux-arm64@";
        };
        x86_64-darwin = {
          url = "@URL@/@ARCHIVE_darwin-x64@";
          sha256 = "@SHA256_darwin-x64@";
        };
        aarch64-darwin = {
          url = "@URL@/@ARCHIVE_darwin-arm64@";
          sha256 = "@SHA256_darwin-arm64@";
        };
      };
      packageFor =
        system: archive:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        pkgs.stdenv.mkDerivation {
          pname = "docker-credential-icr";
          version = "@VERSION@";
          src = pkgs.fetchurl archive;
          nativeBuildInputs = [
            pkgs.installShellFiles
          ] ++ pkgs.lib.optional pkgs.stdenv.hostPlatform.isLinux pkgs.autoPatchelfHook;
          # strip would remove the program from the executable.
          dontStrip = true;
          installPhase = ''
            install -Dm755 docker-credential-icr -t $out/bin
            install -Dm644 LICENSE THIRD-PARTY-NOTICES.md -t $out/share/doc/docker-credential-icr
            installManPage man/man1/docker-credential-icr.1
            installShellCompletion --bash completions/bash/docker-credential-icr
            installShellCompletion --zsh completions/zsh/_docker-credential-icr
            installShellCompletion --fish completions/fish/docker-credential-icr.fish
          '';
          meta = {
            description = "Credential helper for IBM Cloud Container Registry";
            homepage = "@HOMEPAGE@";
            license = pkgs.lib.licenses.asl20;
            mainProgram = "docker-credential-icr";
          };
        };
    in
    {
      packages = builtins.mapAttrs (system: archive: {
        default = packageFor system archive;
      }) archives;
    };
}
