/** Names of environment variables that change how programs run, and their effect. */
interface DangerousVariables {
  /** The effect, as the predicate of a sentence about the variable. */
  can: string
  /** Regular expressions for the names. An expression must match a whole name, and ignores case. */
  names: readonly string[]
}

/**
 * The variables that change how programs run. Whoever sets them can run code, redirect traffic, replace a program's
 * configuration, or change which servers it trusts. A variable's name usually comes from the name of a secret or from a key in
 * its value. Without this table, everyone who may write a secret could therefore set these variables.
 *
 * The table can't be complete, because every program defines its own variables. Only users who choose every name with `--map` are
 * safe from all such variables.
 */
const dangerous: readonly DangerousVariables[] = [
  {
    can: 'makes the loader or the C library load other code or data',
    names: ['LD_.*', 'DYLD_.*', '_RLD.*', 'LIBPATH', 'SHLIB_PATH', 'GLIBC_TUNABLES', 'MALLOC_.*', 'GCONV_PATH', 'GETCONF_DIR', 'LOCPATH',
      'NLSPATH', 'TZDIR', 'HOSTALIASES', 'LOCALDOMAIN', 'RES_OPTIONS', 'RESOLV_.*', 'TERMINFO.*', 'TERMCAP', 'TERM']
  },
  {
    can: 'makes a shell run other code or other programs',
    names: ['PATH', 'PATHEXT', 'COMSPEC', 'SHELL', 'ENV', 'BASH.*', 'SHELLOPTS', 'ZDOTDIR', 'FPATH', 'CDPATH', 'IFS', 'PS[0-4]',
      'PROMPT_COMMAND', 'GLOBIGNORE', 'INPUTRC', 'HISTFILE', 'PSMODULEPATH', 'EXECIGNORE', 'POSIXLY_CORRECT']
  },
  {
    can: 'makes programs read other configuration, or write elsewhere',
    names: ['HOME', 'PWD', 'OLDPWD', 'XDG_.*', 'TMPDIR', 'TEMP', 'TMP', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'USERPROFILE', 'SYSTEMROOT',
      'WINDIR']
  },
  {
    can: 'makes an interpreter or a virtual machine run other code',
    names: ['NODE_.*', 'TS_NODE_.*', 'TSX_.*', 'BUN_.*', 'DENO_.*', 'ELECTRON_.*', 'PYTHON.*', 'PYTEST_.*', 'DJANGO_SETTINGS_MODULE', 'GUNICORN_CMD_ARGS',
      'PYENV_.*', 'VIRTUAL_ENV', 'PERL.*', 'RUBY.*', 'GEM_.*', 'BUNDLE_.*', 'PHPRC', 'PHP_INI_SCAN_DIR', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS', 'JAVA_OPTS', 'JAVA_HOME',
      'CLASSPATH', 'CATALINA_.*', 'DOTNET_.*', 'COR_.*', 'CORECLR_.*', 'COMPLUS_.*', 'ASPNETCORE_HOSTINGSTARTUPASSEMBLIES', 'LUA_.*', 'ERL_.*',
      'ELIXIR_.*', 'JULIA_.*', 'R_(?:PROFILE|ENVIRON|HOME|LIBS).*', 'TCLLIBPATH', 'GUILE_.*']
  },
  {
    can: 'makes a compiler, a build tool or a package manager run other code',
    names: ['NPM_CONFIG_.*', 'YARN_.*', 'PNPM_.*', 'COREPACK_.*', 'PIP_.*', 'UV_.*', 'POETRY_.*', 'CONDA_.*', 'MAVEN_.*', 'GRADLE_.*',
      'GO(?:AUTH|BIN|CACHEPROG|DEBUG|ENV|FLAGS|INSECURE|NOSUMDB|PATH|PRIVATE|PROXY|ROOT|SUMDB|TOOLCHAIN|VCS|WORK)', 'CGO_.*', 'RUSTC.*',
      'RUSTFLAGS', 'RUSTDOC.*', 'RUSTUP_.*', 'CARGO_.*', 'CC', 'CXX', 'CPP', 'AR', 'LD', '(?:C|CXX|CPP|LD)FLAGS', 'CPATH', 'C_INCLUDE_PATH',
      'CPLUS_INCLUDE_PATH', 'LIBRARY_PATH', 'COMPILER_PATH', 'GCC_.*', 'PKG_CONFIG.*', 'MAKEFLAGS', 'MAKEFILES', 'MFLAGS', 'CMAKE_.*']
  },
  {
    can: 'names a program that other programs start, or a file that tells them to',
    names: ['EDITOR', 'VISUAL', 'PAGER', 'MANPAGER', 'SYSTEMD_PAGER', 'SYSTEMD_EDITOR', 'BROWSER', 'LESS', 'LESS(?:OPEN|CLOSE|KEY.*)', 'GIT_.*',
      'SSH_.*', '.*_ASKPASS', 'SVN_.*', 'HGRCPATH', '(?:RSYNC|CVS)_RSH', 'TAR_OPTIONS', 'GREP_OPTIONS', 'RIPGREP_CONFIG_PATH', 'FZF_.*', 'VIMINIT', 'EXINIT', 'GNUPGHOME', 'KUBECONFIG',
      'DOCKER_(?:HOST|CONFIG|CONTEXT|CERT_PATH|TLS.*|CLI_.*)', 'HELM_.*', 'TF_CLI_.*', 'ANSIBLE_(?!VAULT_PASSWORD$).*', 'PSQLRC', 'PSQL_.*', 'PGSERVICEFILE', 'PGSYSCONFDIR', 'MYSQL_HOME', 'LIBMYSQL_PLUGIN.*']
  },
  {
    can: 'sends traffic through another server, or changes which servers are trusted',
    names: ['.*_PROXY', 'CURL_.*', 'WGETRC', 'NETRC', 'SSL_CERT_.*', 'SSLKEYLOGFILE', 'REQUESTS_CA_BUNDLE', 'OPENSSL_.*', 'NIX_SSL_CERT_FILE',
      'DEBUGINFOD_URLS']
  },
  {
    can: 'makes clients of a cloud use another endpoint, configuration or identity',
    names: ['AWS_(?!(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|REGION|DEFAULT_REGION)$).*', 'BOTO_CONFIG', 'CLOUDSDK_.*',
      'GOOGLE_EXTERNAL_ACCOUNT_.*']
  },
  { can: 'makes secretsctl use another gateway or caller', names: ['SECRETS_GATEWAY_.*'] }
]

const patterns = dangerous.map(({ can, names }) => ({ can, pattern: new RegExp(`^(?:${names.join('|')})$`, 'i') }))

/** Returns the effect of a variable with this name on the programs that inherit it, or undefined for an ordinary name. */
export const dangerOf = (variable: string): string | undefined => patterns.find(({ pattern }) => pattern.test(variable))?.can
